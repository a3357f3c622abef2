"""Rollouts of agents, the best that stitching can reach, and what figures are drawn of."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.made_files import read_object, reading
from stages.paths import BOUND, EVALUATION, Place
from stages.reporting.gathering import Source, by_name
from stages.reporting.kit.blocks import join_blocks
from stages.reporting.kit.records import parsed, read_rows


@dataclass(frozen=True)
class Evaluation:
    """Rollouts of one agent, all seeds.

    Attributes:
        seeds: The seeds.
        returns: Undiscounted sums of rewards.
        lengths: Steps.
        terminated: Whether the episode ended by itself.
        paths: Positions in the plane, NaN after an episode's end; no steps where the task is not one of the plane.
        choices: The cluster that acted at each step, -1 where there is none.
        cluster_returns: Returns of each cluster's policy without the others.
    """

    seeds: Int[np.ndarray, "seeds"]
    returns: Float[np.ndarray, "seeds episodes"]
    lengths: Int[np.ndarray, "seeds episodes"]
    terminated: Bool[np.ndarray, "seeds episodes"]
    paths: Float[np.ndarray, "seeds drawn steps 2"]
    choices: Int[np.ndarray, "seeds drawn steps"]
    cluster_returns: Float[np.ndarray, "seeds clusters alone"]

    @property
    def mean_returns(self) -> Float[np.ndarray, "seeds"]:
        return np.asarray(self.returns.mean(axis=1))


@dataclass(frozen=True)
class Bound:
    """What `stages.bound` found, see `stages.evaluation.stitching_bound`; NaN with a reason where it does not apply."""

    value: float
    reason: str | None = None
    standard_error: float | None = None
    lowest: float | None = None
    highest: float | None = None
    optimistic: float | None = None
    steps: float | None = None
    counts_steps: bool | None = None
    cell_size: float | None = None
    cells: int | None = None
    folds: int | None = None

    @property
    def applies(self) -> bool:
        return not np.isnan(self.value)

    def ends(self, digits: int = 0) -> list[str]:
        """The values with cells of several sizes, lowest and highest; one where they are equal."""
        values = (self.value if end is None else end for end in (self.lowest, self.highest))
        return list(dict.fromkeys(f"{value:,.{digits}f}" for value in values))


@dataclass(frozen=True)
class Figure4Row:
    """One agent and seed of the comparison of full-batch and mini-batch improvement."""

    gradient: str
    epochs: int
    agent: str
    seed: int
    return_mean: float
    d4rl_score: float | None = None


@dataclass(frozen=True)
class Returns:
    """Results of the agents that are not held to any cost limit."""

    evaluations: dict[str, Evaluation] = field(default_factory=dict)
    bound: Bound | None = None
    figure4: list[Figure4Row] = field(default_factory=list)


def read_evaluation(path: Path) -> Evaluation:
    """One block of rollouts.

    Raises:
        UserError: Damaged, or not what the evaluation stage writes.
    """
    return Evaluation(**read_arrays(path, Evaluation, "not an evaluation"))


def read_arrays(path: Path, kind: type[Any], what: str) -> dict[str, np.ndarray]:
    """The arrays of an npz file that are fields of a dataclass.

    Raises:
        UserError: Damaged, or some are missing; `what` says what the file is not.
    """
    with reading(path, what), np.load(path, allow_pickle=False) as arrays:
        return {field.name: arrays[field.name] for field in fields(kind)}


def read_bound(path: Path) -> Bound:
    """What `stages.bound` wrote.

    Raises:
        UserError: Damaged, or something else.
    """
    values = read_object(path)
    with reading(path, "no bound"):
        numbers = values | {"value": np.nan if values["value"] is None else values["value"]}
    return parsed(Bound, numbers, path, "no bound")


SOURCES = (
    Source(Returns, "evaluations", (EVALUATION,), read_evaluation, by_name("agent", join_blocks)),
    Source(Returns, "bound", (BOUND,), read_bound),
    Source(Returns, "figure4", (Place("results/figure4/{dataset}.csv"),), lambda path: read_rows(path, Figure4Row)),
)
