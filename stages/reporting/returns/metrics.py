"""Numbers of every agent and seed, and their aggregates."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Bool

from stages.environments.normalised_score import normalised_score
from stages.evaluation.routes import worse_route
from stages.evaluation.statistics import probability_of_improvement
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.metrics import Aggregate, plain, rounded
from stages.reporting.returns.results import Bound, Evaluation, Returns


@dataclass(frozen=True)
class ReturnRow:
    """One agent and seed.

    Attributes:
        dataset: The dataset.
        agent: The agent.
        seed: The seed.
        return_mean: Undiscounted return, mean over the seed's rollouts.
        return_std: Its standard deviation over them.
        d4rl_score: Mean return on D4RL's scale in percent, where its constants are known.
        length_mean: Steps per rollout.
        terminated: Share of rollouts that ended by themselves: the goal on navigation, a fall on MuJoCo.
        worse_route: Share on a worse route than the best stitching, see `stages.evaluation.routes`.
        episodes: Rollouts.
    """

    dataset: str
    agent: str
    seed: int
    return_mean: float
    return_std: float
    d4rl_score: float | None
    length_mean: float
    terminated: float
    worse_route: float | None
    episodes: int


@dataclass(frozen=True)
class AgentMetrics:
    """One agent over its seeds; what is None is not known."""

    returns: Aggregate = field(metadata={"key": "return"})
    d4rl_score: Aggregate | None
    seeds: int
    terminated: float
    worse_route: float | None


@dataclass(frozen=True)
class ReturnMetrics:
    """Every agent, and the best stitching."""

    agents: dict[str, AgentMetrics]
    bound: Bound | None

    @property
    def compared(self) -> tuple[str, dict[str, Aggregate]]:
        """What agents are compared by, D4RL scores where all have them, else returns; and that of each agent."""
        scores = {name: agent.d4rl_score for name, agent in self.agents.items() if agent.d4rl_score is not None}
        if len(scores) == len(self.agents):
            return "D4RL score", scores
        return "return", {name: agent.returns for name, agent in self.agents.items()}

    def plain(self) -> dict[str, Any]:
        return {"agents": plain(self.agents), "bound": {} if self.bound is None else plain(self.bound)}


def return_metrics(results: DatasetResults, resamples: int) -> ReturnMetrics:
    """Aggregates of all agents of a dataset."""
    returns = results.of(Returns)
    agents = {agent: _agent(results, evaluation, resamples) for agent, evaluation in returns.evaluations.items()}
    return rounded(ReturnMetrics(agents, returns.bound))


def _agent(results: DatasetResults, evaluation: Evaluation, resamples: int) -> AgentMetrics:
    per_seed = evaluation.mean_returns
    scores = normalised_score(per_seed, results.of(Data).environment)
    worse = worse_routes(results, evaluation)
    return AgentMetrics(
        returns=Aggregate.of(per_seed, resamples),
        d4rl_score=None if scores is None else Aggregate.of(scores, resamples),
        seeds=len(per_seed),
        terminated=float(evaluation.terminated.mean()),
        worse_route=None if worse is None else float(worse.mean()),
    )


def return_rows(results: DatasetResults) -> list[ReturnRow]:
    """A row for each agent and seed."""
    return [
        row
        for agent, evaluation in results.of(Returns).evaluations.items()
        for row in _rows(results, agent, evaluation)
    ]


def _rows(results: DatasetResults, agent: str, evaluation: Evaluation) -> list[ReturnRow]:
    scores = normalised_score(evaluation.mean_returns, results.of(Data).environment)
    worse = worse_routes(results, evaluation)
    return [
        ReturnRow(
            dataset=results.name,
            agent=agent,
            seed=int(seed),
            return_mean=evaluation.returns[s].mean(),
            return_std=evaluation.returns[s].std(),
            d4rl_score=None if scores is None else scores[s],
            length_mean=evaluation.lengths[s].mean(),
            terminated=evaluation.terminated[s].mean(),
            worse_route=None if worse is None else worse[s].mean(),
            episodes=evaluation.returns.shape[1],
        )
        for s, seed in enumerate(evaluation.seeds)
    ]


def worse_routes(results: DatasetResults, evaluation: Evaluation) -> Bool[np.ndarray, "seeds episodes"] | None:
    """Which rollouts took a worse route; None where the bound is not known or rewards are of another kind."""
    bound = results.of(Returns).bound
    if bound is None or not bound.applies or not bound.counts_steps:
        return None
    return worse_route(evaluation.returns, evaluation.lengths, evaluation.terminated, asdict(bound))


def chance_to_beat(results: DatasetResults, agent: str, baseline: str) -> float | None:
    """Chance that a random seed of `agent` has a higher mean return than one of `baseline`."""
    evaluations = results.of(Returns).evaluations
    if agent == baseline or baseline not in evaluations:
        return None
    ours, theirs = (evaluations[name].mean_returns[:, None] for name in (agent, baseline))
    return probability_of_improvement(ours, theirs)
