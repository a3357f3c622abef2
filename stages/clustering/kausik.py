"""Spectral clustering of episodes by what they do in the states they share, then EM on tables (Kausik, Tan, Tewari).

Policies are tables ``beta_z(a | s)``. In every state the K policies span a subspace of at most K dimensions, found from
all episodes together; projected onto it, even a few visits tell two episodes apart. Episodes whose policies look alike
are joined to a graph, the graph is cut into K parts, and the tables of the parts are where EM starts.

Objective:  ``sum_tau log (1/K) sum_z prod_t beta_z(a_t | s_t)``, with a Dirichlet prior of `smoothing` on the tables.
Distance:   ``d(i, j) = <V'(h_i1(s) - h_j1(s)), V'(h_i2(s) - h_j2(s))>`` over shared states s (Algorithms 1 and 2);
            h_i1, h_i2: what episode i did in s, from two halves of its visits; V: the subspace in s.
Source:     Kausik, Tan, Tewari: Learning Mixtures of Markov Chains and MDPs, ICML 2023 (arXiv 2211.09403); code at
            github.com/hetankevin/mdpmix.
Symbols:    num_clusters = K, largest_distance: max (True) or mean over the states; V, h as above.

Deviations:
    The components differ in their policies and share the world they act in, so h holds frequencies of actions in a
    state, where the paper's holds frequencies of next states after a state and an action, and EM has no tables of
    transitions and starts. Actions in a state are independent draws, so the halves of an episode are alternate visits,
    where the paper keeps two segments apart for the chain to mix in between.
    The mean over shared states instead of the largest value: a maximum over many states of which each was visited a few
    times is mostly noise. The threshold of the graph, chosen by eye from a histogram in the paper, is the decile of the
    distances with the widest gap of eigenvalues. Occupancies (the second distance of the paper) are left out.
    States and actions that are not names are numbered by K-means first (`num_states`, `num_actions`), the states by no
    more than half as many numbers as episodes have steps: the paper asks for lengths linear in the number of states.
    Distances are taken between at most `max_clustered` random episodes; the others are given to the clusters by
    likelihood (Algorithm 4 of the paper; with its E-step, which its code recommends).
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings, empty_history
from stages.clustering.subspaces.codes import Codes
from stages.clustering.subspaces.distances import Visits, distances, spectral_labels
from stages.clustering.subspaces.tabular_em import TabularEm
from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator


class KausikSettings(ClusteringSettings):
    """Spectral clustering of pairwise distances, then EM."""

    max_clustered: int = Field(800, ge=2, description="episodes that are compared with one another, at most")
    num_states: int = Field(64, ge=1, description="state codes where observations are not names, at most")
    num_actions: int = Field(16, ge=2, description="action codes where actions are vectors")
    largest_distance: bool = Field(False, description="largest distance over shared states (published), not the mean")
    em_iterations: int = Field(100, ge=0, description="iterations of EM at most; 0: the spectral clusters as they are")
    smoothing: float = Field(0.01, gt=0, description="added to every count of an action in a state")


@CLUSTERING.register("kausik", KausikSettings)
class Kausik(ClusteringMethod):
    """Spectral clustering and EM on tables, one seed after the other: each takes about a second."""

    settings: KausikSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        self.fitted: list[TabularEm] = []
        starts = torch.full((len(job.seeds), job.dataset.num_episodes), -1, dtype=torch.int16)
        codes = None
        with job.progress("spectral clustering", len(job.seeds), "seed") as progress:
            for start, seed in zip(starts, job.seeds, strict=True):
                if codes is None or not codes.exact:
                    codes = Codes(job, seed, settings.num_states, settings.num_actions)
                    counts = codes.counts(job.dataset)
                chosen, labels = self._spectral_clusters(codes, seed)
                start[torch.from_numpy(chosen)] = torch.from_numpy(labels).to(torch.int16)
                em = TabularEm(codes, settings.num_clusters, settings.smoothing)
                self.fitted.append(em.fit(counts, chosen, labels, settings.em_iterations))
                progress.advance_to(len(self.fitted))
        history_labels, score_history = empty_history(settings.em_iterations + 1, *starts.shape)
        for place, em in enumerate(self.fitted):
            history_labels[: len(em.scores), place] = torch.from_numpy(np.stack(em.labels))
            score_history[: len(em.scores), place] = torch.tensor(em.scores)
        responsibilities = torch.from_numpy(np.stack([em.weights for em in self.fitted])).float()
        behaviours, metrics = self.refitted(responsibilities)
        return Clustering(
            responsibilities=responsibilities,
            behaviours=behaviours,
            normaliser=job.normaliser,
            history_labels=history_labels,
            score_history=score_history,
            score_name="log-likelihood per step, with the prior on tables",
            converged=[em.settled for em in self.fitted],
            metrics=metrics,
            details={"spectral_labels": starts},
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """The posterior of episodes under the tables; uniform where no state was met before."""
        found = [em.responsibilities(em.codes.counts(dataset)) for em in self.fitted]
        return torch.from_numpy(np.stack(found)).float()

    def _spectral_clusters(self, codes: Codes, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """The episodes compared with one another, in order, and their labels."""
        dataset, settings = self.job.dataset, self.settings
        count = min(max(settings.max_clustered, settings.num_clusters), dataset.num_episodes)
        random = generator(seed, "compared episodes")
        chosen = np.sort(random.permutation(dataset.num_episodes)[:count])
        compared = dataset.select(chosen)
        visits = Visits.of(compared.episode_of_step, *codes(compared), codes.num_actions)
        apart = distances(visits, count, settings.num_clusters, settings.largest_distance)
        return chosen, spectral_labels(apart, settings.num_clusters, int(random.integers(2**31)))
