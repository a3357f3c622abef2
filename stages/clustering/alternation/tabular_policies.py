"""PG-Kmeans with policies that are tables: exact M-steps, a few milliseconds an iteration.

The M-step maximises ``J + c sum_z sum_(s, a) log beta_z(a | s)``, J with a smoothing of c > 0 imaginary steps for every
action, and the E-step cannot lower it either. So it rises until the labels stay as they are, and that happens, there
being finitely many.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from stages.clustering.alternation.hard_assignment import HardAssignment
from stages.clustering.alternation.merging import ByCounts, Level, Mergeable
from stages.clustering.alternation.num_clusters import description_length
from stages.clustering.alternation.pg_policies import Chosen, Policies
from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job


class TabularPolicies(Policies):
    """Tables of all runs.

    Args:
        job: Dataset with discrete actions, seeds.
        settings: Of PG-Kmeans.
        weights: What each episode counts for in J and in the M-step.
        table: Counts of the job's dataset.
    """

    def __init__(
        self, job: Job, settings: PgKmeansSettings, weights: Float[Tensor, "episodes"], table: StateActionCounts
    ) -> None:
        super().__init__()
        self.job, self.settings, self.weights, self.table = job, settings, weights, table

    def alternate(self, start: Int[Tensor, "runs episodes"], num_clusters: int) -> HardAssignment:
        settings = self.settings
        found = HardAssignment(start, num_clusters, settings.max_iterations, self.weights, settings.reseeds)
        with self.job.progress("PG-Kmeans", len(start), "run") as progress:
            while running := found.running:
                for run in running:
                    found.update(run, torch.from_numpy(self._scores(self.table.matrix, self._counts(found, run))))
                progress.advance_to(len(start) - len(found.running))
        return found

    def mergeable(self, found: HardAssignment, run: int) -> Mergeable:
        if not self.settings.merge_refit:
            return super().mergeable(found, run)
        return ByCounts(self.table, self._counts(found, run), found.sizes(run).numpy())

    def judge(self, found: HardAssignment, traces: list[list[Level]]) -> None:
        for run, trace in enumerate(traces):
            counts, sizes = self._counts(found, run), found.sizes(run).numpy()
            for level in trace:
                level.criterion = description_length(self.table, joined(counts, level), joined(sizes, level))

    def keep(self, found: HardAssignment, chosen: list[Chosen], num_clusters: int) -> None:
        self.num_clusters = num_clusters
        counts = [(self._counts(found, run), level) for run, level in chosen]
        refit = self.settings.merge_refit
        self.kept = [
            joined(policy_counts, level) if refit else policy_counts[level.alive] for policy_counts, level in counts
        ]

    def scores(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        matrix = self.table.of(dataset)
        scores = torch.full((len(self.kept), dataset.num_episodes, self.num_clusters), -torch.inf, dtype=torch.float64)
        for of_seed, counts in zip(scores, self.kept, strict=True):
            of_seed[:, : len(counts)] = torch.from_numpy(self._scores(matrix, counts))
        return scores

    def _counts(self, found: HardAssignment, run: int) -> Float[np.ndarray, "clusters pairs"]:
        """The M-step: all that there is to know of a run's policies."""
        return self.table.by_cluster(found.labels[run].numpy(), found.num_clusters, self.weights.numpy())

    def _scores(
        self, matrix: sp.csr_matrix, counts: Float[np.ndarray, "clusters pairs"]
    ) -> Float[np.ndarray, "episodes clusters"]:
        """The E-step: log-likelihoods."""
        scores: np.ndarray = matrix @ self.table.log_probs(counts).T
        return scores


def joined(values: Num[np.ndarray, "clusters *rest"], level: Level) -> Num[np.ndarray, "alive *rest"]:
    """Sums over the clusters that have become one."""
    return np.stack([values[level.renaming == cluster].sum(0) for cluster in level.alive])
