"""Rules about a dataset as a whole, whichever format it came from; those about single arrays are the readers' own."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.report import Report
from stages.environments.base import VectorEnvironment

BOX_TOLERANCE = 1e-5


def validate(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment | None = None) -> None:
    """Add to `report` what is wrong with `dataset` (errors) or worth knowing about it (notes).

    Args:
        dataset: Any dataset.
        report: Where findings go; nothing is raised here.
        environment: The environment the dataset says it was recorded in, where there is one.
    """
    _finite(dataset, report)
    _continuous(dataset, report)
    if dataset.num_episodes == 1:
        remedy = "Check that the ends of episodes are marked"
        report.note("one-episode", "there is a single episode: nothing to cluster", remedy=remedy)
    if environment is not None:
        _sizes(dataset, report, environment)
        _time_limit(dataset, report, environment)
        if not report.errors:
            _box(dataset, report, environment)


def _finite(dataset: EpisodeDataset, report: Report) -> None:
    for name in ("observations", "actions", "rewards", "next_observations", "costs"):
        values = getattr(dataset, name)
        if values is None or np.isfinite(values).all():
            continue
        bad = ~np.isfinite(values).reshape(len(values), -1).all(axis=1)
        report.error("not-finite", f"NaN or infinite in {_rows(bad)}", name, "Leave those episodes out")


def _continuous(dataset: EpisodeDataset, report: Report) -> None:
    going_on = ~(dataset.terminations | dataset.truncations)[:-1]
    jump = (dataset.next_observations[:-1] != dataset.observations[1:]).any(axis=1) & going_on
    if jump.any():
        cause = f"inside an episode the next row does not go on from {_rows(jump)}"
        report.note("discontinuity", cause, "next_observations", "Mark a timeout wherever recordings were joined")


def _sizes(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    pairs = {
        "observation-size": ("observations", environment.observation_size),
        "action-size": ("actions", environment.action_size),
    }
    for rule, (name, expected) in pairs.items():
        size = getattr(dataset, name).shape[1]
        if size != expected:
            remedy = "Check the settings `environment` and `environment_settings`"
            report.error(rule, f"{size} numbers per row, {dataset.environment} has {expected}", name, remedy)


def _time_limit(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    limit = environment.max_episode_steps
    too_long = dataset.episode_lengths > limit
    if too_long.any():
        cause = f"{too_long.sum()} episodes exceed {limit} steps, up to {dataset.episode_lengths.max():,}"
        report.note("long-episode", cause, f"first episode {np.flatnonzero(too_long)[0]}", "Check the timeouts")


def _box(dataset: EpisodeDataset, report: Report, environment: VectorEnvironment) -> None:
    excess = np.maximum(dataset.actions - environment.action_high, environment.action_low - dataset.actions).max(axis=1)
    outside = excess > BOX_TOLERANCE
    if outside.any():
        cause = f"up to {excess.max():.2g} beyond the box of {dataset.environment}, which clips, in {_rows(outside)}"
        report.note("action-box", cause, "actions", "Check the units of the actions")


def _rows(found: Bool[np.ndarray, "steps"]) -> str:
    first = int(np.flatnonzero(found)[0])
    return f"row {first}" if found.sum() == 1 else f"{found.sum():,} rows, first row {first}"
