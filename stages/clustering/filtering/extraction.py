"""The loop of DCPL: seed set, rounds of training and accepting, take the cluster out, again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.clustering.filtering.classifiers import (
    VOTERS,
    ExampleDraws,
    Filter,
    episode_scores,
    filter_rows,
    spaced_steps,
)
from stages.clustering.filtering.seeds import average_actions, densest
from stages.datasets.episodes import EpisodeDataset
from stages.progress import Progress
from stages.seeding import generator
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.trainable import Trainable

if TYPE_CHECKING:
    from stages.clustering.dcpl import DcplSettings

BINS, ORDER, HIGHEST = 100, 8, 0.98
GRID, FLAT = 200, 1e-6
LAST_SHARE = 0.05  # of the steps; with less left over, the cluster just found was the last one
SEED_SHARE = 0.95  # of the seed set's steps, for each voter its own


@dataclass(frozen=True)
class Found:
    """The filter of one cluster, for the seeds that have it.

    Attributes:
        places: Which seeds of the block.
        networks: Their classifiers.
        thresholds: Least mean probability at which a voter accepts an episode.
    """

    places: Int[np.ndarray, "active"]
    networks: Trainable
    thresholds: Float[np.ndarray, "active"]


class Extraction:
    """Takes clusters out of the dataset, for all seeds side by side.

    Attributes:
        labels: Cluster of each episode, -1 while it is left over, ``[seeds, episodes]``.
        done: Whether a seed has found its last cluster.
        claimed: After each cluster, the share of the steps that are in clusters.
        found: The filter of each cluster.
    """

    def __init__(self, job: Job, dataset: EpisodeDataset, settings: DcplSettings) -> None:
        self.job, self.dataset, self.settings = job, dataset, settings
        self.rows = filter_rows(job, dataset)
        self.index = spaced_steps(dataset, settings.scored_steps)
        self.features = average_actions(job, dataset)
        self.most = settings.num_clusters or settings.max_clusters
        self.labels = np.full((len(job.seeds), dataset.num_episodes), -1, dtype=np.int16)
        self.done = np.zeros(len(job.seeds), dtype=bool)
        self.claimed: list[np.ndarray] = []
        self.found: list[Found] = []

    def run(self, progress: Progress) -> None:
        """Until every seed has found its last cluster, or as many clusters as there may be."""
        while len(self.found) < self.most and not self.done.all():
            self._next_cluster(len(self.found))
            shares = (self.labels >= 0) @ self.dataset.episode_lengths / self.dataset.num_steps
            self.claimed.append(np.where(self.done, np.nan, shares))
            self.done |= shares > 1 - LAST_SHARE
            progress.advance_to(len(self.found))

    def _next_cluster(self, z: int) -> None:
        places = np.flatnonzero(~self.done)
        seeds = [self.job.seeds[int(place)] for place in places]
        remaining = [np.flatnonzero(self.labels[place] < 0) for place in places]
        unlabelled = [self._steps_of(episodes) for episodes in remaining]
        examples = [
            densest(self.features, episodes, generator(seed, "seed set", z))
            for seed, episodes in zip(seeds, remaining, strict=True)
        ]
        positives = [self._seed_rows(episodes, seed, z) for seed, episodes in zip(seeds, examples, strict=True)]
        for turn in range(self.settings.filter_rounds):
            name = f"filter {z}, round {turn}"
            settings = self.settings
            learner = Filter(self.rows, seeds, settings.hidden_sizes, settings.learning_rate, name)
            flat = [rows for of_seed in positives for rows in of_seed]
            draws = ExampleDraws(seeds, flat, unlabelled, self.dataset.num_steps, settings.batch_size, name)
            Loop(learner, self.rows, draws).run(settings.filter_steps)
            scores = episode_scores(learner.networks, self.rows, self.index)
            valley = VALLEYS[settings.threshold]
            thresholds = np.array(
                [valley(votes[:, left].mean(0)) for votes, left in zip(scores, remaining, strict=True)]
            )
            for i, seed in enumerate(seeds):
                liked = remaining[i][accepted(scores[i], thresholds[i])[remaining[i]]]
                examples[i] = liked if len(liked) else examples[i]
                positives[i] = self._thirds(examples[i], seed, z, turn)
        self.found.append(Found(places, learner.networks, thresholds))
        for place, episodes in zip(places, examples, strict=True):
            self.labels[place, episodes] = z

    def _steps_of(self, episodes: Int[np.ndarray, "chosen"]) -> Int[np.ndarray, "rows"]:
        return np.flatnonzero(np.isin(self.dataset.episode_of_step, episodes))

    def _seed_rows(self, examples: Int[np.ndarray, "chosen"], seed: int, z: int) -> list[np.ndarray]:
        """Most steps of the seed set, for each voter drawn anew."""
        rows = self._steps_of(examples)
        count = max(1, int(SEED_SHARE * len(rows)))
        return [generator(seed, f"seed rows {z}", voter).permutation(rows)[:count] for voter in range(VOTERS)]

    def _thirds(self, examples: Int[np.ndarray, "chosen"], seed: int, z: int, turn: int) -> list[np.ndarray]:
        """The steps of a third of the accepted episodes for each voter; of all of them where they are fewer than 3."""
        if len(examples) < VOTERS:
            return [self._steps_of(examples)] * VOTERS
        order = generator(seed, f"thirds {z}", turn).permutation(examples)
        return [self._steps_of(part) for part in np.array_split(order, VOTERS)]


def accepted(scores: Float[np.ndarray, "voters episodes"], threshold: float) -> Bool[np.ndarray, "episodes"]:
    """Whether most voters find an episode likely enough."""
    majority: np.ndarray = (scores >= threshold).sum(0) > VOTERS / 2
    return majority


def density_valley(scores: Float[np.ndarray, "episodes"]) -> float:
    """The last valley of a Gaussian kernel estimate of the scores' density; without one, the least score."""
    from scipy.signal import argrelmin  # loaded here: it takes a second, and planning has no use for it
    from scipy.stats import gaussian_kde

    low, high = float(scores.min()), float(scores.max())
    if high - low < FLAT:
        return low
    grid = np.linspace(low, high, GRID)
    valleys = grid[argrelmin(gaussian_kde(scores)(grid))[0]]
    return float(valleys[-1]) if len(valleys) else low


def polynomial_valley(scores: Float[np.ndarray, "episodes"]) -> float:
    """The last valley of a polynomial through the scores' histogram, or the one before it if that lies above 0.98.

    Without a valley (where the released code stops with an error), midway between the least and the largest score.
    """
    from scipy.signal import argrelmin

    low, high = float(scores.min()), float(scores.max())
    if high - low < FLAT:
        return low
    grid = np.linspace(low, high, BINS, endpoint=False)
    counts, _ = np.histogram(scores, BINS, (low, high))
    valleys = grid[argrelmin(np.polynomial.Polynomial.fit(grid, counts, ORDER)(grid))[0]]
    if len(valleys) == 0:
        return (low + high) / 2
    return float(valleys[-2] if len(valleys) > 1 and valleys[-1] >= HIGHEST else min(valleys[-1], HIGHEST))


VALLEYS = {"density": density_valley, "polynomial": polynomial_valley}
