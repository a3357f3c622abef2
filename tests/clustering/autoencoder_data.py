"""Small settings and shared checks of the autoencoder methods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from stages.clustering import CLUSTERING
from stages.clustering.contract import Clustering, ClusteringMethod
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.progress import Progress
from stages.training.job import Job
from tests.synthetic import two_policies

QUICK = {"train_steps": 80, "batch_windows": 40, "width": 16, "latent_width": 4, "learning_rate": 0.02}


def method_of(name: str, dataset: EpisodeDataset | None = None, seeds: Sequence[int] = (0,), **values: Any) -> Any:
    """A method with quick settings, on two policies unless another dataset is given."""
    settings = CLUSTERING.settings(name)
    values = {**QUICK, **({"pretrain_steps": 80} if "pretrain_steps" in settings.model_fields else {}), **values}
    method: ClusteringMethod = CLUSTERING.entry(name)(Job(dataset or continuous(), list(seeds)), settings(**values))
    return method


def rand_indices(found: Clustering, truth: np.ndarray) -> list[float]:
    """Rand index of each seed."""
    return [clustering_scores(truth, labels.numpy())["rand"] for labels in found.labels]


def continuous(episodes: int = 40, steps: int = 10, seed: int = 0) -> EpisodeDataset:
    """Short episodes of two linear policies far apart."""
    return two_policies(episodes, steps, 0.8, seed)


def discrete(episodes: int = 40, steps: int = 6, seed: int = 0) -> EpisodeDataset:
    """Episodes of two rules on four cells: action 0 on even cells and 1 on odd ones, or the other way round."""
    random = np.random.default_rng(seed)
    truth = random.permutation(np.arange(episodes) % 2)
    cells = random.integers(0, 4, episodes * steps)
    ends = np.zeros(episodes * steps, dtype=bool)
    ends[steps - 1 :: steps] = True
    observations = cells[:, None].astype(np.float32)
    return EpisodeDataset(
        observations=observations,
        actions=((cells + np.repeat(truth, steps)) % 2).astype(np.int64),
        rewards=np.zeros(len(cells), dtype=np.float32),
        terminations=ends,
        truncations=np.zeros_like(ends),
        next_observations=observations,
        num_actions=2,
        behaviour_policy=truth,
        behaviour_policy_names=("even", "odd"),
    )


class Killed(BaseException):
    """What a killed run dies of."""


class KillAt(Progress):
    """Progress that kills the run once `total` steps are done."""

    def advance_to(self, done: int) -> None:
        if done >= self.total:
            raise Killed
