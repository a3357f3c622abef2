"""Estimates of what agents would earn, as `stages.estimate_returns` writes them."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from stages.errors import UserError
from stages.paths import ESTIMATE
from stages.reporting.gathering import Source, by_name
from stages.reporting.kit.blocks import join_blocks
from stages.reporting.kit.records import REMEDY
from stages.reporting.kit.tensors import TensorFile

READ = ("start_values", "doubly_robust", "effective_episodes")


@dataclass(frozen=True)
class Estimate:
    """Of one agent, all seeds; see `stages.evaluation.return_estimates`.

    Attributes:
        seeds: The seeds.
        start_values: Discounted value of each of the data's starts, in units of the rewards.
        doubly_robust: The corrected value over all starts; NaN where there is none.
        effective_episodes: How many episodes that correction is made of, effectively; NaN where there is none.
        discount: Discount factor.
        horizon: Steps of a whole episode; 0: not known.
        sampled: Whether the agent's actions were sampled, instead of its mean ones taken.
    """

    seeds: Int[np.ndarray, "seeds"]
    start_values: Float[np.ndarray, "seeds networks starts"]
    doubly_robust: Float[np.ndarray, "seeds"]
    effective_episodes: Float[np.ndarray, "seeds"]
    discount: float
    horizon: int
    sampled: bool

    @property
    def values(self) -> Float[np.ndarray, "seeds"]:
        """Mean over networks and starts."""
        return np.asarray(self.start_values.mean(axis=(1, 2)))

    @property
    def returns_per_value(self) -> float | None:
        """What to multiply a value by for the return of a whole episode of even rewards; None: not known."""
        if not self.horizon:
            return None
        return self.horizon * (1 - self.discount) / (1 - self.discount**self.horizon)


@dataclass(frozen=True)
class Estimates:
    """Estimates by agent."""

    agents: dict[str, Estimate] = field(default_factory=dict)


def read_estimate(path: Path) -> Estimate:
    """One block of seeds.

    Raises:
        UserError: Damaged, or no estimate.
    """
    file = TensorFile(path, only=READ)
    facts = file.metadata
    try:
        seeds, none = np.array(facts["seeds"]), np.full(len(facts["seeds"]), np.nan)
        return Estimate(
            seeds=seeds,
            start_values=file.arrays["start_values"].astype(np.float64),
            doubly_robust=file.arrays.get("doubly_robust", none),
            effective_episodes=file.arrays.get("effective_episodes", none),
            discount=float(facts["discount"]),
            horizon=int(facts["horizon"]),
            sampled=bool(facts["sampled"]),
        )
    except KeyError as error:
        raise UserError(f"no estimate ({error})", place=str(path), remedy=REMEDY) from error


SOURCES = (Source(Estimates, "agents", (ESTIMATE,), read_estimate, by_name("agent", join_blocks)),)
