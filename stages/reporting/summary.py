"""Numbers of every dataset, agent and seed, and their aggregates.

Columns of the table (one row per dataset, agent and seed; for safe agents, per cost limit too):
    return_mean, return_std     undiscounted return over the seed's rollouts
    d4rl_score                  mean return on D4RL's scale in percent, where its constants are known
    length_mean                 steps per rollout
    terminated                  share of rollouts that ended by themselves: the goal on navigation, a fall on MuJoCo
    worse_route                 share on a worse route than the best stitching, see `stages.evaluation.routes`
    episodes                    rollouts
and, where there are safe agents, for these (see `stages.reporting.safe_scores`):
    limit                       cost that an episode may sum to
    cost_mean                   undiscounted cost over the seed's rollouts
    normalised_return, normalised_cost      on DSRL's scale
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from stages.environments.normalised_score import normalised_score
from stages.evaluation.routes import worse_route
from stages.evaluation.statistics import Interval, bootstrap_interval
from stages.reporting import safe_scores
from stages.reporting.clustering_rows import usual
from stages.reporting.contingency import agreement, counted, scores_of
from stages.reporting.inputs import Clusters, DatasetResults, Evaluation
from stages.seeding import generator

PERFECT = 1 - 1e-9
COLUMNS = (
    "dataset", "agent", "seed", "limit", "return_mean", "return_std", "d4rl_score", "length_mean", "terminated",
    "worse_route", "episodes", "cost_mean", "normalised_return", "normalised_cost",
)  # fmt: skip


def table(collection: dict[str, DatasetResults]) -> pd.DataFrame:
    """One row per dataset, agent, seed and, for safe agents, cost limit."""
    rows: list[dict[str, Any]] = []
    for results in collection.values():
        for agent, evaluation in results.evaluations.items():
            rows += _rows(results, agent, evaluation)
        for agent, rollouts in results.safe_evaluations.items():
            rows += safe_scores.rows(results, agent, rollouts)
    made = pd.DataFrame(rows)
    return made[[column for column in COLUMNS if column in made]]


def metrics(collection: dict[str, DatasetResults], resamples: int) -> dict[str, Any]:
    """Aggregates, nested by dataset: agents, clusters, behaviours, bound and, where there are any, safe agents."""
    return {
        name: {
            "agents": {agent: agent_metrics(results, one, resamples) for agent, one in results.evaluations.items()},
            "clusters": {
                one: cluster_metrics(results, clusters)
                for one, clusters in results.clusterings.items()
                if not clusters.trivial
            },
            "behaviours": behaviour_metrics(results),
            "bound": _rounded(results.bound or {}),
            **_safe(results, resamples),
        }
        for name, results in collection.items()
    }


def agent_metrics(results: DatasetResults, evaluation: Evaluation, resamples: int) -> dict[str, Any]:
    """Interquartile mean with its interval, mean and spread over seeds, of returns and, where known, D4RL scores."""
    per_seed = evaluation.returns.mean(axis=1)
    held: dict[str, Any] = {"return": _aggregate(per_seed, resamples)}
    scores = normalised_score(per_seed, results.environment)
    if scores is not None:
        held["d4rl_score"] = _aggregate(scores, resamples)
    held |= {"seeds": len(per_seed), "terminated": evaluation.terminated.mean()}
    worse = worse_routes(results, evaluation)
    if worse is not None:
        held["worse_route"] = worse.mean()
    return _rounded(held)


def _safe(results: DatasetResults, resamples: int) -> dict[str, Any]:
    found = {
        agent: safe_scores.safe_metrics(results, one, resamples) for agent, one in results.safe_evaluations.items()
    }
    return {"safe": _rounded(found)} if found else {}


def return_interval(scores: np.ndarray, resamples: int) -> Interval:
    """Interquartile mean over seeds with its 95 % interval; the resampling is the same for every agent."""
    return bootstrap_interval(scores[:, None], generator(0, "bootstrap"), resamples=resamples)


def cluster_metrics(results: DatasetResults, clusters: Clusters) -> dict[str, Any]:
    """Scores over seeds: means, the lowest, the share of perfect seeds; clusters found; agreement between seeds."""
    held: dict[str, Any] = {
        "seeds": len(clusters.seeds),
        "clusters": usual(clusters.found),
        "clusters_low": min(clusters.found),
        "clusters_high": max(clusters.found),
        "agreement_between_seeds": agreement(clusters.labels),
    }
    if results.true_labels is not None:
        scores = pd.DataFrame([scores_of(counted(results.true_labels, labels)) for labels in clusters.labels])
        held |= scores.mean().to_dict()
        held |= {"rand_min": scores["rand"].min(), "perfect": (scores["rand"] > PERFECT).mean()}
        held |= {"nmi_std": scores["nmi"].std(ddof=0), "nmi_min": scores["nmi"].min()}
    return _rounded(held)


def behaviour_metrics(results: DatasetResults) -> dict[str, Any]:
    """Episodes, mean return and mean length of each true behaviour, and of the whole dataset."""
    dataset = results.dataset
    if dataset is None:
        return {}
    groups = {"all": np.ones(dataset.num_episodes, dtype=bool)}
    if dataset.behaviour_policy is not None:
        names = dataset.behaviour_policy_names or tuple(map(str, range(int(dataset.behaviour_policy.max()) + 1)))
        groups |= {name: dataset.behaviour_policy == index for index, name in enumerate(names)}
    facts = {
        name: {
            "episodes": int(chosen.sum()),
            "return_mean": dataset.episode_returns[chosen].mean(),
            "length_mean": dataset.episode_lengths[chosen].mean(),
        }
        for name, chosen in groups.items()
        if chosen.any()
    }
    return _rounded(facts)


def worse_routes(results: DatasetResults, evaluation: Evaluation) -> np.ndarray | None:
    """Which rollouts took a worse route; None where the bound is not known or rewards are of another kind."""
    bound = results.bound
    if bound is None or bound["value"] is None or not bound["counts_steps"]:
        return None
    return worse_route(evaluation.returns, evaluation.lengths, evaluation.terminated, bound)


def _rows(results: DatasetResults, agent: str, evaluation: Evaluation) -> list[dict[str, Any]]:
    scores = normalised_score(evaluation.returns.mean(axis=1), results.environment)
    worse = worse_routes(results, evaluation)
    return [
        {
            "dataset": results.name,
            "agent": agent,
            "seed": int(seed),
            "return_mean": evaluation.returns[s].mean(),
            "return_std": evaluation.returns[s].std(),
            "d4rl_score": None if scores is None else scores[s],
            "length_mean": evaluation.lengths[s].mean(),
            "terminated": evaluation.terminated[s].mean(),
            "worse_route": None if worse is None else worse[s].mean(),
            "episodes": evaluation.returns.shape[1],
        }
        for s, seed in enumerate(evaluation.seeds)
    ]


def _aggregate(per_seed: np.ndarray, resamples: int) -> dict[str, float]:
    interval = asdict(return_interval(per_seed, resamples))
    return {"iqm": interval["value"], "low": interval["low"], "high": interval["high"],
            "mean": per_seed.mean(), "std": per_seed.std()}  # fmt: skip


def _rounded(values: dict[str, Any]) -> dict[str, Any]:
    """Plain Python numbers with few digits, so that a difference in the last bit is no change; NaN becomes None."""
    return {key: _rounded(one) if isinstance(one, dict) else _plain(one) for key, one in values.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return None if np.isnan(value) else round(float(value), 4)
    return value
