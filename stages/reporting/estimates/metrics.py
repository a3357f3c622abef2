"""Numbers of estimates, and how well they rank agents that were rolled out, too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from stages.evaluation.rank_correlation import rank_correlation
from stages.reporting.estimates.results import Estimate, Estimates
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.metrics import Aggregate, plain, rounded
from stages.reporting.returns.results import Returns
from stages.seeding import generator


@dataclass(frozen=True)
class EstimateRow:
    """One agent and seed that nothing but an estimate is said of.

    Attributes:
        dataset: The dataset.
        agent: The agent.
        seed: The seed.
        estimated_value: Discounted value over the data's starts, by fitted Q evaluation.
        estimated_return: The same on the scale of a whole episode, where its length is known.
        doubly_robust: The value corrected by the recorded steps, where that was done.
        effective_episodes: How many episodes that correction is made of.
    """

    dataset: str
    agent: str
    seed: int
    estimated_value: float
    estimated_return: float | None
    doubly_robust: float | None
    effective_episodes: float | None


@dataclass(frozen=True)
class AgentEstimate:
    """One agent over its seeds; what is None is not known.

    Attributes:
        value: Discounted value.
        per_episode: On the scale of a whole episode.
        start_error: Standard error of the mean over the data's starts, mean over seeds.
        network_spread: Standard deviation between the networks of a seed, mean over seeds; None of one network.
        doubly_robust: Corrected value.
        effective_episodes: How many episodes the correction is made of, least over seeds.
        seeds: How many.
    """

    value: Aggregate
    per_episode: Aggregate | None
    start_error: float | None
    network_spread: float | None
    doubly_robust: Aggregate | None
    effective_episodes: float | None
    seeds: int


@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's, of estimates and returns over all seeds of the agents that have both."""

    value: float
    low: float
    high: float
    agents: int
    points: int


@dataclass(frozen=True)
class EstimateMetrics:
    """Every agent with an estimate."""

    agents: dict[str, AgentEstimate]
    rank_correlation: RankCorrelation | None

    def plain(self) -> dict[str, Any]:
        ranks = {} if self.rank_correlation is None else {"rank_correlation": plain(self.rank_correlation)}
        return {"estimates": plain(self.agents), **ranks} if self.agents else {}


def estimate_metrics(results: DatasetResults, resamples: int) -> EstimateMetrics:
    """Aggregates of all estimates of a dataset."""
    agents = {agent: _agent(estimate, resamples) for agent, estimate in results.of(Estimates).agents.items()}
    return rounded(EstimateMetrics(agents, _ranks(pairs(results), resamples)))


def pairs(results: DatasetResults) -> dict[str, Float[np.ndarray, "seeds 2"]]:
    """Estimated value and mean return of each seed, of the agents that have both."""
    found = {}
    for agent, estimate in results.of(Estimates).agents.items():
        if evaluation := results.of(Returns).evaluations.get(agent):
            _, ours, theirs = np.intersect1d(estimate.seeds, evaluation.seeds, return_indices=True)
            found[agent] = np.stack([estimate.values[ours], evaluation.mean_returns[theirs]], axis=1)
    return {agent: both for agent, both in found.items() if len(both)}


def estimate_rows(results: DatasetResults) -> list[EstimateRow]:
    """A row for each agent and seed."""
    return [
        EstimateRow(
            dataset=results.name,
            agent=agent,
            seed=int(seed),
            estimated_value=value,
            estimated_return=None if (scale := estimate.returns_per_value) is None else scale * value,
            doubly_robust=_known(estimate.doubly_robust[row]),
            effective_episodes=_known(estimate.effective_episodes[row]),
        )
        for agent, estimate in results.of(Estimates).agents.items()
        for row, (seed, value) in enumerate(zip(estimate.seeds, estimate.values, strict=True))
    ]


def _agent(estimate: Estimate, resamples: int) -> AgentEstimate:
    values, scale = estimate.values, estimate.returns_per_value
    of_starts, of_networks = estimate.start_values.mean(axis=1), estimate.start_values.mean(axis=2)
    starts, networks = of_starts.shape[1], of_networks.shape[1]
    corrected = not np.isnan(estimate.doubly_robust).any()
    return AgentEstimate(
        value=Aggregate.of(values, resamples),
        per_episode=None if scale is None else Aggregate.of(scale * values, resamples),
        start_error=float(of_starts.std(axis=1, ddof=1).mean() / np.sqrt(starts)) if starts > 1 else None,
        network_spread=float(of_networks.std(axis=1, ddof=1).mean()) if networks > 1 else None,
        doubly_robust=Aggregate.of(estimate.doubly_robust, resamples) if corrected else None,
        effective_episodes=float(estimate.effective_episodes.min()) if corrected else None,
        seeds=len(values),
    )


def _ranks(points: dict[str, Float[np.ndarray, "seeds 2"]], resamples: int) -> RankCorrelation | None:
    if len(points) < 2:
        return None
    columns = [[both[:, i] for both in points.values()] for i in range(2)]
    found = rank_correlation(*columns, generator(0, "bootstrap"), resamples)
    return RankCorrelation(found.value, found.low, found.high, len(points), sum(map(len, points.values())))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
