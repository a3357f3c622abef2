"""What the stages of safe methods leave: rollouts under cost limits, facts about partitions, rows of studies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.errors import UserError
from stages.paths import PARTITION, SAFE_EVALUATION, Place
from stages.reporting.gathering import Source, by_name, every
from stages.reporting.kit.blocks import join_blocks
from stages.reporting.kit.records import REMEDY, parsed, read_rows
from stages.reporting.kit.tensors import TensorFile
from stages.reporting.returns.results import read_arrays

ROLLOUTS = ("returns", "costs", "lengths", "terminated")


@dataclass(frozen=True)
class SafeEvaluation:
    """Rollouts of one safe agent, all seeds and cost limits; costs are undiscounted sums over an episode.

    Attributes:
        seeds: The seeds.
        limits: Costs that an episode may sum to.
        returns: Undiscounted sums of rewards.
        costs: Undiscounted sums of costs.
        lengths: Steps.
        terminated: Whether the episode ended by itself.
        paths: Positions in the plane, NaN after an episode's end; no steps where the task is not one of the plane.
    """

    seeds: Int[np.ndarray, "seeds"]
    limits: Float[np.ndarray, "limits"]
    returns: Float[np.ndarray, "seeds limits episodes"]
    costs: Float[np.ndarray, "seeds limits episodes"]
    lengths: Int[np.ndarray, "seeds limits episodes"]
    terminated: Bool[np.ndarray, "seeds limits episodes"]
    paths: Float[np.ndarray, "seeds limits drawn steps 2"]

    @classmethod
    def joined(cls, parts: Sequence[SafeEvaluation]) -> SafeEvaluation:
        """Blocks of seeds of one agent as one.

        Raises:
            UserError: They are not about the same limits, or have different numbers of rollouts.
        """
        limits = parts[0].limits
        for part in parts[1:]:
            if not np.array_equal(part.limits, limits):
                both = " and ".join(", ".join(f"{limit:g}" for limit in some) for some in (limits, part.limits))
                cause = f"blocks of seeds of one agent were run under different limits: {both}"
                raise UserError(cause, remedy="Run `snakemake`")
        shapes = {part.returns.shape[2] for part in parts}
        if len(shapes) > 1:
            raise UserError(f"blocks of seeds of one agent have different numbers of rollouts: {sorted(shapes)}")
        joined: SafeEvaluation = join_blocks(parts, shared=("limits",))
        return joined


@dataclass(frozen=True)
class LimitFacts:
    """How many segments of a partition are what under one limit, and how many desirable ones are of unsafe episodes."""

    limit: float
    safe_episodes: int
    desirable: int
    undesirable: int
    left_out: int
    desirable_of_unsafe_episodes: float


@dataclass(frozen=True)
class PartitionFacts:
    """Sizes of a partition into segments, and what it holds under each limit; `labels_by` segment or episode."""

    episodes: int
    segments: int
    segment_length: int
    covered_rows: float
    limits: list[LimitFacts]
    labels_by: str = ""


@dataclass(frozen=True)
class StudyRow:
    """One variant of a study under one limit.

    Attributes:
        study: Name of the study.
        agent: The safe agent.
        variant: What is set differently, such as ``sides=desirable``.
        limit: Cost that an episode may sum to.
        seeds: Number of seeds.
        reward_mean, reward_std, cost_mean, cost_std: Over seeds, normalised, see `stages.reporting.safe.scores`.
        safe: 1 where the mean cost keeps the limit.
    """

    study: str
    agent: str
    variant: str
    limit: float
    seeds: int
    reward_mean: float = float("nan")
    reward_std: float = float("nan")
    cost_mean: float = float("nan")
    cost_std: float = float("nan")
    safe: int = 0


@dataclass(frozen=True)
class Safe:
    """Results of safe methods on one dataset."""

    evaluations: dict[str, SafeEvaluation] = field(default_factory=dict)
    partitions: dict[str, PartitionFacts] = field(default_factory=dict)
    studies: list[StudyRow] = field(default_factory=list)


def read_safe_evaluation(path: Path) -> SafeEvaluation:
    """One block of rollouts.

    Raises:
        UserError: Damaged, or not what the stage of safe evaluation writes.
    """
    values = read_arrays(path, SafeEvaluation, "not a safe evaluation")
    sizes = (values["seeds"].size, values["limits"].size)
    shapes = {values[name].shape for name in ROLLOUTS}
    if len(shapes) > 1 or {shape[:2] for shape in (*shapes, values["paths"].shape)} != {sizes} or 0 in shapes.pop():
        raise UserError("not a safe evaluation (shapes do not fit)", place=str(path), remedy=REMEDY)
    return SafeEvaluation(**values | {"limits": values["limits"].astype(np.float64)})


def read_partition(path: Path) -> PartitionFacts:
    """What is known of a partition.

    Raises:
        UserError: The file holds something else.
    """
    metadata = TensorFile(path, only=()).metadata
    if metadata.get("kind") != "partition" or "facts" not in metadata:
        raise UserError(f"this file holds no partition: {metadata.get('kind')}", place=str(path), remedy=REMEDY)
    labels_by = metadata.get("settings", {}).get("labels_by", "")
    return parsed(PartitionFacts, metadata["facts"] | {"labels_by": labels_by}, path, "not the facts of a partition")


def _only(partitions: Sequence[PartitionFacts]) -> PartitionFacts:
    return partitions[-1]


EVALUATIONS = Source(
    Safe, "evaluations", (SAFE_EVALUATION,), read_safe_evaluation, by_name("safe", SafeEvaluation.joined)
)
SOURCES = (
    EVALUATIONS,
    Source(Safe, "partitions", (PARTITION,), read_partition, by_name("partition", _only)),
    Source(Safe, "studies", (Place("results/safe_studies/{dataset}.csv"),), partial(read_rows, kind=StudyRow), every),
)
