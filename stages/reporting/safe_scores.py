"""Numbers of safe agents by DSRL's protocol: normalised reward and cost, per seed and cost limit and over seeds.

Rewards and costs are normalised per episode (`stages.environments.dsrl`) and averaged over a seed's rollouts. An agent
is called safe where its normalised cost, in the mean over seeds, is at most 1: on average it keeps the limit, single
episodes and seeds may break it. (DSRL prints "below 1".) A task that is not DSRL's is scaled by the returns of its own
dataset.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from stages.environments.dsrl import normalised_cost, task_of
from stages.evaluation.statistics import bootstrap_interval, mean
from stages.reporting.inputs import DatasetResults
from stages.reporting.safe_inputs import SafeEvaluation
from stages.seeding import generator

OVERALL = "mean"  # over the limits
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


def is_benchmark(results: DatasetResults) -> bool:
    """Whether returns are scaled by the extremes of DSRL's dataset, not by those of our own."""
    task = task_of(results.environment)
    return task is not None and task.suite in SUITES


def normalised_returns(results: DatasetResults, returns: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
    """0 for the worst, 1 for the best episode of the benchmark's dataset, else of ours; NaN without either."""
    task = task_of(results.environment)
    if task is not None:
        return task.normalised_return(returns)
    if results.dataset is None:
        return np.full(returns.shape, np.nan)
    low, high = (float(end(results.dataset.episode_returns)) for end in (np.min, np.max))
    return np.asarray((returns - low) / (high - low)) if high > low else np.full(returns.shape, np.nan)


def safe_scores(results: DatasetResults, evaluation: SafeEvaluation) -> SafeScores:
    """The scores of one agent."""
    costs = np.stack(
        [normalised_cost(evaluation.costs[:, i], float(limit)) for i, limit in enumerate(evaluation.limits)], axis=1
    )
    return SafeScores(
        limits=evaluation.limits,
        rewards=normalised_returns(results, evaluation.returns).mean(axis=2),
        costs=costs.mean(axis=2),
        raw_returns=evaluation.returns.mean(axis=2),
        raw_costs=evaluation.costs.mean(axis=2),
        within=(evaluation.costs <= evaluation.limits[:, None]).mean(axis=2),
    )


def safe_metrics(results: DatasetResults, evaluation: SafeEvaluation, resamples: int) -> dict[str, Any]:
    """Aggregates over seeds, under ``mean`` over the limits and under ``limit 10`` for each limit.

    Every entry has the normalised return and cost, each with mean, standard deviation over seeds and 95 % bootstrap
    interval of the mean; return and cost as they are; the share of episodes within the limit; and whether it is safe.
    The entry over all limits also says under how many of them the agent is safe.
    """
    scores = safe_scores(results, evaluation)
    safe = scores.safe
    overall = _entry(scores, np.ones(len(scores.limits), dtype=bool), resamples)
    held = {OVERALL: overall | {"safe_limits": sum(safe), "limits": len(safe), "seeds": len(evaluation.seeds)}}
    for index, limit in enumerate(scores.limits):
        chosen = np.arange(len(scores.limits)) == index
        held[limit_name(limit)] = _entry(scores, chosen, resamples)
    return held


def limit_name(limit: float) -> str:
    """Key of a limit's entry."""
    return f"limit {limit:g}"


def rows(results: DatasetResults, agent: str, evaluation: SafeEvaluation) -> list[dict[str, Any]]:
    """Rows of the summary's table, one per seed and limit."""
    scores = safe_scores(results, evaluation)
    return [
        {
            "dataset": results.name,
            "agent": agent,
            "seed": int(seed),
            "limit": float(limit),
            "return_mean": evaluation.returns[s, i].mean(),
            "return_std": evaluation.returns[s, i].std(),
            "length_mean": evaluation.lengths[s, i].mean(),
            "terminated": evaluation.terminated[s, i].mean(),
            "episodes": evaluation.returns.shape[2],
            "cost_mean": scores.raw_costs[s, i],
            "normalised_return": scores.rewards[s, i],
            "normalised_cost": scores.costs[s, i],
        }
        for s, seed in enumerate(evaluation.seeds)
        for i, limit in enumerate(scores.limits)
    ]


def _entry(scores: SafeScores, chosen: np.ndarray, resamples: int) -> dict[str, Any]:
    """Aggregates over the chosen limits."""
    rewards, costs = (values[:, chosen].mean(axis=1) for values in (scores.rewards, scores.costs))
    return {
        "normalised_return": _aggregate(rewards, resamples),
        "normalised_cost": _aggregate(costs, resamples),
        "return": scores.raw_returns[:, chosen].mean(),
        "cost": scores.raw_costs[:, chosen].mean(),
        "within_limit": scores.within[:, chosen].mean(),
        "safe": bool(costs.mean() <= 1),
    }


def _aggregate(per_seed: Float[np.ndarray, "seeds"], resamples: int) -> dict[str, float]:
    interval = bootstrap_interval(per_seed[:, None], generator(0, "bootstrap"), mean, resamples)
    return {"mean": interval.value, "std": per_seed.std(), "low": interval.low, "high": interval.high}
