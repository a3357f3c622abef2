"""Rules about a dataset as a whole, whichever format it came from; those about single arrays are the readers' own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from stages.datasets.episodes import EpisodeDataset
from stages.environments.base import VectorEnvironment
from stages.formats.known_problems import USUAL_LIMIT, known_problems
from stages.formats.report import Report
from stages.formats.row_search import parted_rows, rows_not_finite, rows_where
from stages.formats.wild_values import wild_values

BOX_TOLERANCE = 1e-5
SETTINGS_REMEDY = "Check the settings `environment` and `environment_settings`"


def validate(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment | None = None) -> None:
    """Add to `report` what is wrong with `dataset` (errors) or worth knowing about it (notes).

    Args:
        dataset: Any dataset.
        report: Where findings go; nothing is raised here.
        environment: The environment the dataset says it was recorded in, where there is one.
    """
    _finite(dataset, report)
    if not report.errors:
        wild_values(dataset, report)
    _continuous(dataset, report)
    _costs(dataset, report)
    _alike(dataset, report)
    if dataset.num_episodes == 1:
        remedy = "Check that the ends of episodes are marked"
        report.note("one-episode", "there is a single episode: nothing to cluster", remedy=remedy)
    known_problems(dataset, report, environment.max_episode_steps if environment else USUAL_LIMIT)
    if environment is not None:
        _sizes(dataset, report, environment)
        _time_limit(dataset, report, environment)
        if not report.errors:
            _actions(dataset, report, environment)


def _finite(dataset: EpisodeDataset, report: Report) -> None:
    for name in ("observations", "actions", "rewards", "next_observations", "costs"):
        values = getattr(dataset, name)
        if values is None:
            continue
        if len(bad := rows_not_finite(values)):
            report.error("not-finite", f"NaN or infinite in {_rows(bad)}", name, "Leave those episodes out")


def _continuous(dataset: EpisodeDataset, report: Report) -> None:
    ends = dataset.terminations | dataset.truncations
    gaps = parted_rows(dataset.next_observations[:-1], dataset.observations[1:])
    jumps = gaps[~ends[gaps]]
    if len(jumps):
        cause = f"inside an episode the next row does not go on from {_rows(jumps)}"
        report.note("discontinuity", cause, "next_observations", "Mark a timeout wherever recordings were joined")
    inner_ends = dataset.num_episodes - 1
    going_on = inner_ends - int(ends[gaps].sum())
    # Where there are few states, an episode may well start in the one where the last ended.
    if going_on > inner_ends / 2:
        cause = f"the next row goes on from {going_on:,} of {inner_ends:,} ends"
        remedy = "Flags may be out of step, or mark that a goal was reached (as in D4RL's maze2d)"
        report.note("going-on", cause, "next_observations", remedy)


def _costs(dataset: EpisodeDataset, report: Report) -> None:
    if dataset.costs is not None and (negative := np.flatnonzero(dataset.costs < 0)).size:
        report.note("negative-cost", f"below 0 in {_rows(negative)}", "costs", "Check the sign of the costs")


def _alike(dataset: EpisodeDataset, report: Report) -> None:
    for name in ("observations", "actions"):
        values = getattr(dataset, name)
        if dataset.num_steps > 1 and (values[0] == values[-1]).all() and (values == values[0]).all():
            report.note("all-alike", "are the same in all rows: there is nothing to learn from them", name)


def _sizes(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    pairs = {"observation-size": ("observations", environment.observation_size)}
    if (dataset.num_actions is None) != (environment.num_actions is None):
        kinds = ("vectors", "numbers of actions to choose from")
        cause = f"are {kinds[dataset.num_actions is not None]}, {dataset.environment} takes "
        report.error("action-kind", cause + kinds[environment.num_actions is not None], "actions", SETTINGS_REMEDY)
    elif dataset.num_actions is None:
        pairs["action-size"] = ("actions", environment.action_size)
    for rule, (name, expected) in pairs.items():
        size = getattr(dataset, name).shape[1]
        if size != expected:
            cause = f"{size} numbers per row, {dataset.environment} has {expected}"
            report.error(rule, cause, name, SETTINGS_REMEDY)


def _time_limit(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    limit = environment.max_episode_steps
    too_long = dataset.episode_lengths > limit
    if too_long.any():
        cause = f"{too_long.sum()} episodes exceed {limit} steps, up to {dataset.episode_lengths.max():,}"
        report.note("long-episode", cause, f"first episode {np.flatnonzero(too_long)[0]}", "Check the timeouts")


def _actions(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    if environment.num_actions is None:
        _box(dataset, report, environment)
        return
    outside = rows_where(
        lambda rows: (dataset.actions[rows] < 0) | (dataset.actions[rows] >= environment.num_actions), dataset.num_steps
    )
    if len(outside):
        cause = f"not among the {environment.num_actions} actions of {dataset.environment} in {_rows(outside)}"
        report.error("action-number", cause, "actions", "Count actions from 0")


def _box(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    low, high = environment.action_low, environment.action_high
    outside = rows_where(
        lambda rows: (dataset.actions[rows] > high + BOX_TOLERANCE) | (dataset.actions[rows] < low - BOX_TOLERANCE),
        dataset.num_steps,
    )
    if len(outside):
        actions = dataset.actions[outside]
        excess = np.maximum(actions - high, low - actions).max()
        cause = f"up to {excess:.2g} beyond the box of {dataset.environment}, which clips, in {_rows(outside)}"
        report.note("action-box", cause, "actions", "Check the units of the actions")


def _rows(found: Int[np.ndarray, "rows_found"]) -> str:
    return f"row {found[0]}" if len(found) == 1 else f"{len(found):,} rows, first row {found[0]}"
