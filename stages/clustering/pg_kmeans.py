"""PG-Kmeans: K-means whose centres are policies.

Every episode belongs to one of k clusters, every cluster has a policy. The M-step fits each policy to its cluster's
episodes, the E-step gives each episode to the policy that explains it best, until nothing changes; more clusters than
needed are then merged, and the best of several such runs is kept.

Objective (Eq. 3):  ``J(W, theta) = sum_i sum_z w_iz sum_t log beta(a_it | s_it; theta_z)``, rows of W one-hot: what is
                    left of KL(data || mixture of the policies' episodes), start and dynamics being the same for all.
Alternation:        Algorithm 1. J cannot fall in an E-step or an exact M-step, and there are finitely many W.
Best of N:          Algorithm 3, the run with the largest J after merging.
Merging:            Algorithm 4, from k clusters to k* (`stages.clustering.alternation.merging`).
Source:             Hu, Wang and Du, Policy-Based Trajectory Clustering in Offline Reinforcement Learning, UAI 2026, and
                    the public code of its authors.

Beyond the paper, each an option:
    backend         Tables instead of networks where there are few states and actions, with exact M-steps.
    num_clusters    null chooses K along the trace of merges (`alternation.num_clusters`); the best run is then the one
                    whose best criterion is largest, for J compares runs of equal K alone.
    merge_refit     Policies of joined clusters are fitted anew (tables), so that costs of merging are exact.
    empty_clusters  Dropped, or filled again; the published code lets their stale policies compete.
Deviations: J is the sum over steps, as published; the authors' code for gridworlds takes the mean of each episode
(`per_step_mean`, which here holds for the M-step as well, so that both maximise the same J) and a floor of -3 under
every log-probability (`log_prob_floor`, in J, merging and best of N alike). Its M-steps leave clusters alone that have
not changed or hold ten episodes at most; ours do not.

Symbols: num_clusters = k*, initial_clusters = k, restarts = N, labels = W, policies = theta.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.alternation.merging import Level, merge
from stages.clustering.alternation.neural_policies import NeuralPolicies
from stages.clustering.alternation.pg_policies import Chosen, Policies
from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.clustering.alternation.starts import starting_labels
from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.clustering.alternation.tabular_policies import TabularPolicies
from stages.clustering.alternation.thinning import every_nth_step
from stages.clustering.contract import Clustering, ClusteringMethod, one_hot
from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.training.job import Job


@CLUSTERING.register("pg_kmeans", PgKmeansSettings)
class PgKmeans(ClusteringMethod):
    """PG-Kmeans for a block of seeds."""

    settings: PgKmeansSettings

    def fit(self) -> Clustering:
        settings = self.settings
        weights = episode_weights(self.job.dataset, settings)
        job = replace(self.job, dataset=every_nth_step(self.job.dataset, settings.stride))
        self.policies = policies_of(job, settings, weights)
        num_first = min(settings.first_clusters, job.dataset.num_episodes)
        found = self.policies.alternate(first_labels(job, settings, num_first).flatten(0, 1), num_first)
        traces = [merge(self.policies.mergeable(found, run)) for run in range(len(found.labels))]
        self.policies.judge(found, traces)
        levels = [self._level(trace) for trace in traces]
        scores = torch.tensor([self._score(level) for level in levels], dtype=torch.float64)
        scores = scores.view(len(job.seeds), settings.restarts)
        best = (scores.argmax(1) + torch.arange(len(job.seeds)) * settings.restarts).tolist()
        num_clusters = settings.num_clusters or max(len(levels[run].alive) for run in best)
        self.policies.keep(found, [Chosen(run, levels[run]) for run in best], num_clusters)
        merged = torch.stack([renumbered(labels, level) for labels, level in zip(found.labels, levels, strict=True)])
        responsibilities = one_hot(self._with_all_labelled(merged[best], weights), num_clusters)
        behaviours, losses = self.refitted(responsibilities)
        steps = (weights * torch.from_numpy(job.dataset.episode_lengths)).sum()
        longest = int(found.iterations[best].max())
        return Clustering(
            responsibilities=responsibilities,
            behaviours=behaviours,
            normaliser=job.normaliser,
            history_labels=found.history_labels[:longest, best].to(torch.int16),
            score_history=found.score_history[:longest, best] / steps,
            score_name="log-likelihood per step",
            converged=found.converged[best].tolist(),
            metrics=self.policies.metrics | losses,
            details={
                "restart_labels": by_restart(found.labels, settings.restarts),
                "restart_merged": by_restart(merged, settings.restarts),
                "restart_score": scores,
                **trace_tensors([traces[run] for run in best], job.dataset.num_episodes),
            },
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """Each episode to the policy that explains it best."""
        scores = self.policies.scores(dataset)
        return one_hot(scores.argmax(-1), scores.shape[-1])

    def _level(self, trace: list[Level]) -> Level:
        """The level of merging that a run ends with."""
        if self.settings.num_clusters is None:
            return max(trace, key=lambda level: np.nan_to_num(level.criterion, nan=-np.inf))
        return next(level for level in trace if len(level.alive) <= self.settings.num_clusters)

    def _score(self, level: Level) -> float:
        """What the best of N runs is found by."""
        return level.score if self.settings.num_clusters is not None else np.nan_to_num(level.criterion, nan=-np.inf)

    def _with_all_labelled(
        self, labels: Int[Tensor, "seeds episodes"], weights: Float[Tensor, "episodes"]
    ) -> Int[Tensor, "seeds episodes"]:
        """Labels with those of the episodes that took no part, by the policies of the final clusters."""
        others = torch.nonzero(weights == 0).flatten()
        if len(others):
            labels[:, others] = self.policies.scores(self.job.dataset.select(others.numpy())).argmax(-1)
        return labels


def policies_of(job: Job, settings: PgKmeansSettings, weights: Float[Tensor, "episodes"]) -> Policies:
    """Tables or networks, as asked for, or as suits the dataset."""
    discrete = job.dataset.num_actions is not None
    if settings.backend == "tabular" and not discrete:
        raise UserError("tables need discrete actions", place="backend", remedy="Use auto or neural")
    if settings.backend != "neural" and discrete:
        table = StateActionCounts(job.dataset, settings.smoothing, settings.log_prob_floor)
        if settings.backend == "tabular" or table.num_pairs <= settings.most_pairs:
            return TabularPolicies(job, settings, weights, table)
    return NeuralPolicies(job, settings, weights)


def first_labels(job: Job, settings: PgKmeansSettings, num_clusters: int) -> Int[Tensor, "seeds restarts episodes"]:
    """The labels to start from."""
    return starting_labels(job, settings.start, settings.restarts, num_clusters)


def episode_weights(dataset: EpisodeDataset, settings: PgKmeansSettings) -> Float[Tensor, "episodes"]:
    """What every episode counts for: 0 if it is too short; with `per_step_mean` the less, the longer it is.

    Raises:
        UserError: No episode is long enough.
    """
    lengths = torch.from_numpy(dataset.episode_lengths).double()
    counted = (lengths >= settings.min_length).double()
    if not counted.any():
        raise UserError(f"no episode has {settings.min_length} steps", place="min_length", remedy="Lower it")
    return counted * (counted * lengths).sum() / counted.sum() / lengths if settings.per_step_mean else counted


def renumbered(labels: Int[Tensor, "episodes"], level: Level) -> Int[Tensor, "episodes"]:
    """Labels after merging, numbered from 0 (-1 for those of clusters that are gone)."""
    number = np.full(len(level.renaming), -1)
    number[level.alive] = np.arange(len(level.alive))
    return torch.from_numpy(number[level.renaming])[labels]


def by_restart(labels: Int[Tensor, "runs episodes"], restarts: int) -> Int[Tensor, "seeds restarts episodes"]:
    """Labels of all runs, small, by seed and restart."""
    kind = torch.int8 if int(labels.max()) <= 127 else torch.int16
    return labels.to(kind).view(-1, restarts, labels.shape[1])


def trace_tensors(traces: list[list[Level]], num_episodes: int) -> dict[str, Tensor]:
    """The merges of the runs that were kept, padded to equal length: what each cost and what the criterion said."""
    longest = max(len(trace) for trace in traces)
    scores, criteria = (torch.full((len(traces), longest), torch.nan, dtype=torch.float64) for _ in range(2))
    numbers = torch.zeros(len(traces), longest, dtype=torch.int64)
    for row, trace in enumerate(traces):
        scores[row, : len(trace)] = torch.tensor([level.score for level in trace])
        criteria[row, : len(trace)] = torch.tensor([level.criterion for level in trace])
        numbers[row, : len(trace)] = torch.tensor([len(level.alive) for level in trace])
    costs = -scores.diff(dim=1) / num_episodes
    return {"merge_costs": costs, "merge_scores": criteria, "merge_num_clusters": numbers}
