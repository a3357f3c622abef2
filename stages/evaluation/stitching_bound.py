"""The best return that any stitching of the behaviours can reach, by dynamic programming over their own rollouts.

Observations are cut into cells. In each cell every behaviour z that visits it is an option, whose outcome is what the
recorded steps of z in that cell led to. With n steps to go,

    V_n(cell) = max_z  mean over the steps of z in the cell of [reward + V_{n-1}(next cell)],    V_0 = 0,

undiscounted, with the longest recorded episode as horizon. The maximum over noisy means is too high, so the choice of z
is made on all but one fold of the episodes and valued on the fold left out: `value` is the mean over folds and
`optimistic` the value of choosing and valuing on everything.

Source: the reference line of the project's navigation results; the backup is Bellman's, over options of one step.
What cells do: a cell mixes positions that a behaviour treats alike except around a turn, where it mixes steps before
and after it, and where a behaviour crosses its own track it averages over both passes; large cells blur such places,
small ones leave few steps to choose by. On navigation (400,000 steps) cells of 0.25, 0.5 and 1 give -377, -373 and
-369, and walking the real task by the chosen cells, with actions drawn from the chosen behaviour's steps there, reaches
-380, -377 and -391: hence the default of 0.5. The value is an estimate, then, and comes with those of cells of half and
of twice the size: what lies above all three is more than stitching.
Symbols: behaviour = z, cell = discretised s.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import csr_array

from stages.datasets.episodes import EpisodeDataset
from stages.evaluation import routes
from stages.evaluation.bound_settings import BoundSettings

OTHER_SIZES = (0.5, 2.0)  # of cells, over the one that is set


@dataclass(frozen=True)
class Cells:
    """Every recorded step as (cell, behaviour, reward, next cell); next cell is `num_cells` after a termination."""

    cell: Int[np.ndarray, "steps"]
    behaviour: Int[np.ndarray, "steps"]
    reward: Float[np.ndarray, "steps"]
    following: Int[np.ndarray, "steps"]
    episode: Int[np.ndarray, "steps"]
    starts: Int[np.ndarray, "episodes"]
    num_cells: int
    num_behaviours: int


@dataclass(frozen=True)
class Options:
    """Outcome of each (cell, behaviour) pair: rows are ``cell * num_behaviours + behaviour``."""

    visits: Float[np.ndarray, "pairs"]
    reward: Float[np.ndarray, "pairs"]
    following: csr_array


def stitching_bound(dataset: EpisodeDataset, settings: BoundSettings) -> dict[str, Any]:
    """Value of the best stitching from the recorded starts.

    Returns:
        ``value``, ``standard_error`` (over folds), ``lowest`` and ``highest`` (of the values with cells of half, once
        and twice the size), ``optimistic``, ``steps`` (expected length of the best route), ``counts_steps`` (whether
        rewards are such that `stages.evaluation.routes` applies), ``cell_size``, ``cells``, ``folds``; ``value`` is
        None with a ``reason`` where the bound does not apply.
    """
    reason = inapplicable(dataset, settings)
    if reason:
        return {"value": None, "reason": reason, "cell_size": settings.cell_size}
    cells = discretise(dataset, settings.cell_size)
    horizon = int(dataset.episode_lengths.max())
    everything = options(cells, np.ones(dataset.num_episodes, dtype=bool))
    optimistic = best_values(cells, everything, horizon, settings.min_visits)
    held_out, lengths = _held_out(cells, dataset, settings)
    others = [_held_out(discretise(dataset, settings.cell_size * f), dataset, settings)[0] for f in OTHER_SIZES]
    values = [float(np.mean(of_size)) for of_size in (held_out, *others)]
    return {
        "value": values[0],
        "standard_error": float(np.std(held_out, ddof=1) / np.sqrt(settings.folds)),
        "lowest": min(values),
        "highest": max(values),
        "optimistic": _from_starts(cells, optimistic),
        "steps": float(np.mean(lengths)),
        "counts_steps": routes.applies(dataset.rewards, dataset.terminations),
        "cell_size": settings.cell_size,
        "cells": cells.num_cells,
        "folds": settings.folds,
    }


def _held_out(cells: Cells, dataset: EpisodeDataset, settings: BoundSettings) -> tuple[list[float], list[float]]:
    """Value and length of the route chosen without each fold, judged by that fold."""
    horizon = int(dataset.episode_lengths.max())
    fold = np.arange(dataset.num_episodes) % settings.folds
    everything = options(cells, np.ones(dataset.num_episodes, dtype=bool))
    values, lengths = [], []
    for k in range(settings.folds):
        chosen = greedy(cells, options(cells, fold != k), horizon, settings.min_visits)
        judge = options(cells, fold == k)
        values.append(_from_starts(cells, value_of(cells, chosen, judge, everything, horizon)))
        lengths.append(_from_starts(cells, value_of(cells, chosen, judge, everything, horizon, reward=np.array(1.0))))
    return values, lengths


def inapplicable(dataset: EpisodeDataset, settings: BoundSettings) -> str:
    """Why the bound cannot be computed for `dataset`, or an empty string."""
    if dataset.behaviour_policy is None:
        return "the true behaviours of the episodes are not known"
    if dataset.observations.shape[1] > settings.max_dimensions:
        return f"observations have {dataset.observations.shape[1]} dimensions, more than {settings.max_dimensions}"
    if dataset.num_episodes < 2 * settings.folds:
        return f"{dataset.num_episodes} episodes are too few for {settings.folds} folds"
    return ""


def discretise(dataset: EpisodeDataset, cell_size: float) -> Cells:
    """Cut observations into cubes of side `cell_size`; a step cut off by a time limit into the unknown stays put."""
    assert dataset.behaviour_policy is not None
    here = np.floor(dataset.observations / cell_size).astype(np.int64)
    there = np.floor(dataset.next_observations / cell_size).astype(np.int64)
    visited, cell = np.unique(here, axis=0, return_inverse=True)
    every, index = np.unique(np.concatenate([visited, there]), axis=0, return_inverse=True)
    number = np.full(len(every), -1)
    number[index[: len(visited)]] = np.arange(len(visited))
    following = number[index[len(visited) :]]
    following = np.where(following < 0, cell.reshape(-1), following)
    following = np.where(dataset.terminations, len(visited), following)
    return Cells(
        cell=cell.reshape(-1),
        behaviour=dataset.behaviour_policy[dataset.episode_of_step],
        reward=dataset.rewards.astype(np.float64),
        following=following,
        episode=dataset.episode_of_step,
        starts=cell.reshape(-1)[dataset.episode_starts],
        num_cells=len(visited),
        num_behaviours=int(dataset.behaviour_policy.max()) + 1,
    )


def options(cells: Cells, episodes: np.ndarray) -> Options:
    """Mean outcome of each (cell, behaviour) pair over the steps of the chosen `episodes` (bool mask)."""
    taken = episodes[cells.episode]
    pair = (cells.cell * cells.num_behaviours + cells.behaviour)[taken]
    pairs = cells.num_cells * cells.num_behaviours
    visits = np.bincount(pair, minlength=pairs).astype(np.float64)
    share = 1 / np.maximum(visits, 1)
    reward = np.bincount(pair, weights=cells.reward[taken], minlength=pairs) * share
    shape = (pairs, cells.num_cells + 1)
    following = csr_array((share[pair], (pair, cells.following[taken])), shape=shape)
    following.sum_duplicates()
    return Options(visits, reward, following)


def best_values(cells: Cells, model: Options, horizon: int, min_visits: int) -> Float[np.ndarray, "cells"]:
    """Value of each cell when the best allowed behaviour is chosen at every step."""
    values = np.zeros(cells.num_cells + 1)
    for _ in range(horizon):
        values[:-1] = _outcomes(cells, model, values, min_visits).max(axis=1)
    return values[:-1]


def greedy(cells: Cells, model: Options, horizon: int, min_visits: int) -> Int[np.ndarray, "cells"]:
    """The best behaviour of each cell; -1 in cells that the model's episodes never visit."""
    values = np.append(best_values(cells, model, horizon, min_visits), 0.0)
    visited = model.visits.reshape(cells.num_cells, -1).any(axis=1)
    return np.where(visited, _outcomes(cells, model, values, min_visits).argmax(axis=1), -1)


def value_of(
    cells: Cells,
    chosen: Int[np.ndarray, "cells"],
    model: Options,
    fallback: Options,
    horizon: int,
    reward: np.ndarray | None = None,
) -> Float[np.ndarray, "cells"]:
    """Value of following `chosen` for `horizon` steps.

    Args:
        cells: The recorded steps.
        chosen: Behaviour of each cell, -1 where none was chosen: the one with most steps is taken there.
        model: Outcomes.
        fallback: Outcomes of pairs that `model` has none of.
        horizon: Number of steps.
        reward: Reward of every step, in place of the recorded ones; 1 gives expected lengths.
    """
    most = fallback.visits.reshape(cells.num_cells, -1).argmax(axis=1)
    rows = np.arange(cells.num_cells)
    seen = fallback.visits.reshape(cells.num_cells, -1)[rows, chosen] > 0
    pair = rows * cells.num_behaviours + np.where((chosen >= 0) & seen, chosen, most)
    modelled = model.visits[pair] > 0
    gain = np.where(modelled, model.reward[pair], fallback.reward[pair]) if reward is None else reward
    keep, fill = csr_array(np.where(modelled, 1.0, 0.0)[:, None]), csr_array(np.where(modelled, 0.0, 1.0)[:, None])
    following = (model.following[pair].multiply(keep) + fallback.following[pair].multiply(fill)).tocsr()
    values = np.zeros(cells.num_cells + 1)
    for _ in range(horizon):
        values[:-1] = gain + following @ values
    return values[:-1]


def _outcomes(
    cells: Cells, model: Options, values: Float[np.ndarray, "ends"], min_visits: int
) -> Float[np.ndarray, "cells behaviours"]:
    """Reward plus value to come of each option; those tried too rarely are out, unless no other was tried more."""
    visits = model.visits.reshape(cells.num_cells, -1)
    enough = np.minimum(min_visits, visits.max(axis=1, keepdims=True))
    outcome = (model.reward + model.following @ values).reshape(visits.shape)
    return np.where(visits >= np.maximum(enough, 1), outcome, np.where(visits.any(axis=1, keepdims=True), -np.inf, 0.0))


def _from_starts(cells: Cells, values: Float[np.ndarray, "cells"]) -> float:
    return float(values[cells.starts].mean())
