"""Numbers of safe agents by DSRL's protocol: normalised reward and cost, per seed and cost limit.

Rewards and costs are normalised per episode (`stages.environments.dsrl`) and averaged over a seed's rollouts. An agent
is called safe where its normalised cost, in the mean over seeds, is at most 1: on average it keeps the limit, single
episodes and seeds may break it. (DSRL prints "below 1".) A task that is not DSRL's is scaled by the returns of its own
dataset.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stages.environments.dsrl import normalised_cost, task_of
from stages.reporting.data.results import Data
from stages.reporting.safe.results import SafeEvaluation

SUITES = ("Bullet", "SafetyGym", "MetaDrive")  # of DSRL


@dataclass(frozen=True)
class SafeScores:
    """Means over each seed's rollouts under each limit.

    Attributes:
        limits: The cost limits.
        rewards: Normalised returns; NaN where nothing says what a return is worth.
        costs: Normalised costs.
        raw_returns: Returns.
        raw_costs: Costs.
        within: Shares of episodes that cost at most the limit.
    """

    limits: Float[np.ndarray, "limits"]
    rewards: Float[np.ndarray, "seeds limits"]
    costs: Float[np.ndarray, "seeds limits"]
    raw_returns: Float[np.ndarray, "seeds limits"]
    raw_costs: Float[np.ndarray, "seeds limits"]
    within: Float[np.ndarray, "seeds limits"]

    @property
    def safe(self) -> list[bool]:
        """Whether the mean cost over seeds keeps the limit, by limit."""
        return [bool(cost <= 1) for cost in self.costs.mean(axis=0)]


def is_benchmark(data: Data) -> bool:
    """Whether returns are scaled by the extremes of DSRL's dataset, not by those of the dataset at hand."""
    task = task_of(data.environment)
    return task is not None and task.suite in SUITES


def normalised_returns(data: Data, returns: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """0 for the worst, 1 for the best episode of the benchmark's dataset, else of ours; NaN without either."""
    task = task_of(data.environment)
    if task is not None:
        return task.normalised_return(returns)
    if data.dataset is None:
        return np.full(returns.shape, np.nan)
    low, high = (float(end(data.dataset.episode_returns)) for end in (np.min, np.max))
    return np.asarray((returns - low) / (high - low)) if high > low else np.full(returns.shape, np.nan)


def safe_scores(data: Data, evaluation: SafeEvaluation) -> SafeScores:
    """The scores of one agent."""
    costs = np.stack(
        [normalised_cost(evaluation.costs[:, i], float(limit)) for i, limit in enumerate(evaluation.limits)], axis=1
    )
    return SafeScores(
        limits=evaluation.limits,
        rewards=normalised_returns(data, evaluation.returns).mean(axis=2),
        costs=costs.mean(axis=2),
        raw_returns=evaluation.returns.mean(axis=2),
        raw_costs=evaluation.costs.mean(axis=2),
        within=(evaluation.costs <= evaluation.limits[:, None]).mean(axis=2),
    )
