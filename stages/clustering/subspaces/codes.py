"""States and actions as numbers, so that policies are tables: exact in gridworlds, by K-means elsewhere."""

from __future__ import annotations

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Int

from stages.clustering.summaries.episode_features import action_values
from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator
from stages.training.job import Job

ROWS_FOR_CENTRES = 20_000
UNKNOWN = -1  # a state that was not among those the codes were made from


class DistinctRows:
    """Numbers the distinct rows of whole-number observations, column by column so that no code overflows."""

    def __init__(self, observations: np.ndarray) -> None:
        self.columns: list[tuple[np.ndarray, np.ndarray]] = []
        codes = np.zeros(len(observations), dtype=np.int64)
        for column in observations.T:
            values, place = np.unique(column, return_inverse=True)
            pairs, codes = np.unique(codes * len(values) + place, return_inverse=True)
            self.columns.append((values, pairs))
        self.count = int(codes.max()) + 1

    def __call__(self, observations: np.ndarray) -> Int[np.ndarray, "steps"]:
        codes = np.zeros(len(observations), dtype=np.int64)
        occurs = np.ones(len(observations), dtype=bool)
        for column, (values, pairs) in zip(observations.T, self.columns, strict=True):
            place = np.minimum(np.searchsorted(values, column), len(values) - 1)
            pair = codes * len(values) + place
            codes = np.minimum(np.searchsorted(pairs, pair), len(pairs) - 1)
            occurs &= (values[place] == column) & (pairs[codes] == pair)
        return np.where(occurs, codes, UNKNOWN)


class Centres:
    """Numbers points by the nearest of K-means' centres, fitted to at most 20,000 of them."""

    def __init__(self, points: np.ndarray, count: int, random: np.random.Generator) -> None:
        from sklearn.cluster import KMeans  # loaded here: it takes a second, and planning has no use for it

        chosen = random.choice(len(points), min(len(points), ROWS_FOR_CENTRES), replace=False)
        distinct = len(np.unique(points[chosen], axis=0))
        self.count = min(count, distinct)
        self.model = KMeans(self.count, n_init=1, random_state=int(random.integers(2**31))).fit(points[chosen])

    def __call__(self, points: np.ndarray) -> Int[np.ndarray, "steps"]:
        labels: np.ndarray = self.model.predict(points).astype(np.int64)
        return labels


class Codes:
    """State and action codes of one seed; the same for all seeds where they are exact.

    Args:
        job: Dataset and its scaling.
        seed: For K-means.
        num_states: Codes of states that are not names; at most half the mean length of episodes, so that an episode
            visits a state twice on average, once for each half that its visits are split into.
        num_actions: Codes of actions that are vectors.
    """

    def __init__(self, job: Job, seed: int, num_states: int, num_actions: int) -> None:
        self.job = job
        self.states: DistinctRows | Centres
        if job.encoding.values is not None:
            self.states = DistinctRows(job.dataset.observations)
        else:
            points = job.encoding(torch.from_numpy(job.dataset.observations)).numpy()
            most = max(1, int(job.dataset.episode_lengths.mean() / 2))
            self.states = Centres(points, min(num_states, most), generator(seed, "state codes"))
        self.actions = None
        if job.dataset.num_actions is None:
            self.actions = Centres(action_values(job, job.dataset), num_actions, generator(seed, "action codes"))
        self.num_states = self.states.count
        self.num_actions = job.dataset.num_actions or 0 if self.actions is None else self.actions.count
        self.exact = isinstance(self.states, DistinctRows) and self.actions is None

    def __call__(self, dataset: EpisodeDataset) -> tuple[Int[np.ndarray, "steps"], Int[np.ndarray, "steps"]]:
        """State and action of every step."""
        observations = dataset.observations
        if isinstance(self.states, Centres):
            observations = self.job.encoding(torch.from_numpy(observations)).numpy()
        actions = dataset.actions if self.actions is None else self.actions(action_values(self.job, dataset))
        return self.states(observations), actions

    def counts(self, dataset: EpisodeDataset) -> scipy.sparse.csr_array:
        """How often each episode took each action in each state, ``[episodes, states * actions]``."""
        states, actions = self(dataset)
        coded = states != UNKNOWN
        place = dataset.episode_of_step[coded], states[coded] * self.num_actions + actions[coded]
        shape = dataset.num_episodes, self.num_states * self.num_actions
        return scipy.sparse.csr_array((np.ones(coded.sum()), place), shape=shape)
