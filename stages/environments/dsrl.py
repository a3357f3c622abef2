"""DSRL: its 38 tasks as data, and the two scores by which safe policies are compared on them.

    normalised return = (R - R_min) / (R_max - R_min)
    normalised cost   = (C + e) / (l + e), e = 1 where the limit l is 0, else 0; safe is what scores at most 1

R and C are undiscounted sums over an episode; R_min and R_max are those of a task's dataset.

Source: Liu et al., Datasets and Benchmarks for Offline Safe Reinforcement Learning, 2023, and the constants of the dsrl
package, kept in ``dsrl.csv`` to the last digit (AntRun and CarButton2 share their R_min there, probably by a slip). A
method is run for three cost limits, three seeds and 20 episodes. The entry for safe navigation is ours: extremes of the
dataset that the generator `safe_navigation` makes by default, and limits as of the Bullet tasks, whose length it has.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float

COST_LIMITS: dict[str, tuple[float, ...]] = {
    "Bullet": (10.0, 20.0, 40.0),
    "SafetyGym": (20.0, 40.0, 80.0),
    "MetaDrive": (10.0, 20.0, 40.0),
    "Unmix": (10.0, 20.0, 40.0),
}
COLUMNS = (str, str, int, int, int, int, float, float, float)
SAFE_NAVIGATION = "safe_navigation"
# An id such as SafetyHopperVelocity-v1, OfflineHopperVelocityGymnasium-v1 or OfflineMetadrive-easymean-v0.
ENVIRONMENT_ID = re.compile(r"(?:Safety|Offline)(?:Metadrive-)?(\w+?)(?:Gymnasium)?-v\d+")


@dataclass(frozen=True)
class SafeTask:
    """A task with costs and the dataset that scores refer to.

    Attributes:
        name: Name in the benchmark's tables, such as ``HopperVelocity``.
        suite: ``Bullet``, ``SafetyGym``, ``MetaDrive``, or ``Unmix`` for ours.
        horizon: Steps after which episodes are truncated.
        observation_size: Numbers per observation.
        action_size: Numbers per action.
        num_episodes: Episodes in the dataset.
        min_return: Smallest return of an episode of the dataset, R_min.
        max_return: Largest one, R_max.
        max_cost: Largest sum of costs of an episode.
    """

    name: str
    suite: str
    horizon: int
    observation_size: int
    action_size: int
    num_episodes: int
    min_return: float
    max_return: float
    max_cost: float

    @property
    def cost_limits(self) -> tuple[float, ...]:
        """The limits, per episode, that methods are compared under."""
        return COST_LIMITS[self.suite]

    def normalised_return(self, returns: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """0 for the worst, 1 for the best episode of the dataset, whatever it cost."""
        return np.asarray((returns - self.min_return) / (self.max_return - self.min_return))


@cache
def tasks() -> dict[str, SafeTask]:
    """All tasks by name: DSRL's 38, and safe navigation."""
    with Path(__file__).with_name("dsrl.csv").open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    published = [SafeTask(*(kind(text) for kind, text in zip(COLUMNS, row, strict=True))) for row in rows]
    navigation = SafeTask(SAFE_NAVIGATION, "Unmix", 300, 2, 2, 2096, -282.0, -104.0, 127.0)
    return {task.name: task for task in [*published, navigation]}


def task_of(environment_id: str) -> SafeTask | None:
    """The task of an environment, such as HopperVelocity of ``SafetyHopperVelocity-v1``; None if there is none."""
    match = ENVIRONMENT_ID.fullmatch(environment_id)
    return tasks().get(match[1] if match else environment_id)


def normalised_cost(costs: Float[np.ndarray, "*any"], limit: float) -> Float[np.ndarray, "*any"]:
    """Costs of whole episodes as multiples of the limit; under a limit of 0, costs plus 1."""
    if limit < 0:
        raise ValueError(f"the cost limit {limit:g} is negative")
    shift = 1.0 if limit == 0 else 0.0
    return np.asarray((costs + shift) / (limit + shift))
