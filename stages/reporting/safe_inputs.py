"""What the stages of safe methods leave: rollouts under cost limits, and facts about partitions."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting.blocks import join_blocks

ROLLOUTS = ("returns", "costs", "lengths", "terminated")
REMEDY = "Remove it and run `snakemake`"


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
            UserError: They are not about the same limits.
        """
        limits = parts[0].limits
        for part in parts[1:]:
            if not np.array_equal(part.limits, limits):
                told = " and ".join(", ".join(f"{limit:g}" for limit in one) for one in (limits, part.limits))
                raise UserError(
                    f"blocks of seeds of one agent were run under different limits: {told}", remedy="Run `snakemake`"
                )
        shapes = {part.returns.shape[2] for part in parts}
        if len(shapes) > 1:
            raise UserError(f"blocks of seeds of one agent have different numbers of rollouts: {sorted(shapes)}")
        joined: SafeEvaluation = join_blocks(parts, shared=("limits",))
        return joined


def read_safe_evaluation(path: Path) -> SafeEvaluation:
    """One block of rollouts.

    Raises:
        UserError: Damaged, or not what the stage of safe evaluation writes.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values = {one.name: arrays[one.name] for one in fields(SafeEvaluation)}
    except (ValueError, KeyError, zipfile.BadZipFile, EOFError) as error:
        raise UserError(f"not a safe evaluation ({error})", place=str(path), remedy=REMEDY) from error
    known = (values["seeds"].size, values["limits"].size)
    shapes = {values[name].shape for name in ROLLOUTS}
    if len(shapes) > 1 or {shape[:2] for shape in (*shapes, values["paths"].shape)} != {known} or 0 in shapes.pop():
        raise UserError("not a safe evaluation (shapes do not fit)", place=str(path), remedy=REMEDY)
    return SafeEvaluation(**values | {"limits": values["limits"].astype(np.float64)})


def partition_facts(path: Path) -> dict[str, Any]:
    """What is known of a partition: sizes, and one entry per limit.

    Raises:
        UserError: The file holds something else.
    """
    known = Artifact.load(path).metadata
    if known.get("kind") != "partition" or "facts" not in known:
        raise UserError(f"this file holds no partition: {known.get('kind')}", place=str(path), remedy=REMEDY)
    facts: dict[str, Any] = known["facts"]
    return facts | {"labels_by": known.get("settings", {}).get("labels_by", "")}
