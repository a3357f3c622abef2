"""Aggregates of safe agents over seeds, under each cost limit and over all."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from stages.evaluation.statistics import mean
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.metrics import plain, rounded, seeds_interval
from stages.reporting.safe.results import Safe, SafeEvaluation
from stages.reporting.safe.scores import SafeScores, safe_scores


@dataclass(frozen=True)
class MeanMetrics:
    """A number over seeds: mean, standard deviation, 95 % interval of the mean."""

    mean: float
    std: float
    low: float
    high: float


@dataclass(frozen=True)
class LimitMetrics:
    """One agent under one limit, or in the mean over several.

    Attributes:
        normalised_return, normalised_cost: On DSRL's scale.
        returns, cost: As they are.
        within_limit: Share of episodes within the limit.
        safe: Whether the normalised cost is at most 1 in the mean.
    """

    normalised_return: MeanMetrics
    normalised_cost: MeanMetrics
    returns: float = field(metadata={"key": "return"})
    cost: float
    within_limit: float
    safe: bool


@dataclass(frozen=True)
class SafeAgentMetrics:
    """One agent.

    Attributes:
        overall: In the mean over its limits.
        safe_limits: Under how many of them it is safe.
        seeds: Number of seeds.
        limits: Under each limit.
    """

    overall: LimitMetrics
    safe_limits: int
    seeds: int
    limits: dict[float, LimitMetrics]

    def plain(self) -> dict[str, Any]:
        counts = {"safe_limits": self.safe_limits, "limits": len(self.limits), "seeds": self.seeds}
        by_limit = {f"limit {limit:g}": plain(metrics) for limit, metrics in self.limits.items()}
        return {"mean": plain(self.overall) | counts, **by_limit}

    def safe_under(self, limit: float) -> bool:
        """Whether it was run under the limit and keeps it in the mean."""
        return limit in self.limits and self.limits[limit].safe


@dataclass(frozen=True)
class SafeMetrics:
    """By agent; None without safe agents."""

    safe: dict[str, SafeAgentMetrics] | None

    @property
    def agents(self) -> Mapping[str, SafeAgentMetrics]:
        return self.safe or {}

    @property
    def limits(self) -> list[float]:
        """All limits that any agent was run under, in ascending order."""
        return sorted({limit for agent in self.agents.values() for limit in agent.limits})

    @property
    def safe_everywhere(self) -> list[str]:
        """The agents that are safe under every limit that any agent was run under."""
        limits = self.limits
        return [name for name, agent in self.agents.items() if all(map(agent.safe_under, limits))]

    @property
    def best(self) -> str | None:
        """Of the agents that are safe under every limit, the one with the highest mean normalised reward."""
        rewards = {name: self.agents[name].overall.normalised_return.mean for name in self.safe_everywhere}
        measured = {name: reward for name, reward in rewards.items() if not math.isnan(reward)}
        return max(measured, key=lambda name: measured[name]) if measured else None


@dataclass(frozen=True)
class SafeRow:
    """One safe agent, seed and cost limit, see `stages.reporting.returns.metrics.ReturnRow` for what is not said here.

    Attributes:
        limit: Cost that an episode may sum to.
        cost_mean: Undiscounted cost over the seed's rollouts.
        normalised_return, normalised_cost: On DSRL's scale.
    """

    dataset: str
    agent: str
    seed: int
    limit: float
    return_mean: float
    return_std: float
    length_mean: float
    terminated: float
    episodes: int
    cost_mean: float
    normalised_return: float
    normalised_cost: float


def safe_metrics(results: DatasetResults, resamples: int) -> SafeMetrics:
    """Aggregates of all safe agents of a dataset."""
    data, evaluations = results.of(Data), results.of(Safe).evaluations
    agents = {name: agent_metrics(safe_scores(data, evaluation), resamples) for name, evaluation in evaluations.items()}
    return rounded(SafeMetrics(agents or None))


def agent_metrics(scores: SafeScores, resamples: int) -> SafeAgentMetrics:
    """Aggregates of one agent."""
    number = len(scores.limits)
    by_limit = {
        float(limit): _aggregated(scores, np.arange(number) == index, resamples)
        for index, limit in enumerate(scores.limits)
    }
    overall = _aggregated(scores, np.ones(number, dtype=bool), resamples)
    return SafeAgentMetrics(overall, sum(scores.safe), len(scores.rewards), by_limit)


def safe_rows(results: DatasetResults) -> list[SafeRow]:
    """A row for each safe agent, seed and cost limit."""
    return [
        row
        for agent, evaluation in results.of(Safe).evaluations.items()
        for row in _rows(results.name, agent, evaluation, safe_scores(results.of(Data), evaluation))
    ]


def _rows(dataset: str, agent: str, evaluation: SafeEvaluation, scores: SafeScores) -> list[SafeRow]:
    return [
        SafeRow(
            dataset=dataset,
            agent=agent,
            seed=int(seed),
            limit=float(limit),
            return_mean=evaluation.returns[s, i].mean(),
            return_std=evaluation.returns[s, i].std(),
            length_mean=evaluation.lengths[s, i].mean(),
            terminated=evaluation.terminated[s, i].mean(),
            episodes=evaluation.returns.shape[2],
            cost_mean=scores.raw_costs[s, i],
            normalised_return=scores.rewards[s, i],
            normalised_cost=scores.costs[s, i],
        )
        for s, seed in enumerate(evaluation.seeds)
        for i, limit in enumerate(scores.limits)
    ]


def _aggregated(scores: SafeScores, chosen: Bool[np.ndarray, "limits"], resamples: int) -> LimitMetrics:
    """Aggregates over the chosen limits."""
    rewards, costs = (values[:, chosen].mean(axis=1) for values in (scores.rewards, scores.costs))
    return LimitMetrics(
        normalised_return=_over_seeds(rewards, resamples),
        normalised_cost=_over_seeds(costs, resamples),
        returns=scores.raw_returns[:, chosen].mean(),
        cost=scores.raw_costs[:, chosen].mean(),
        within_limit=scores.within[:, chosen].mean(),
        safe=bool(costs.mean() <= 1),
    )


def _over_seeds(per_seed: Float[np.ndarray, "seeds"], resamples: int) -> MeanMetrics:
    interval = seeds_interval(per_seed, resamples, mean)
    return MeanMetrics(interval.value, float(per_seed.std()), interval.low, interval.high)
