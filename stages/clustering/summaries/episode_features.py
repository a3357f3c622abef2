"""What an episode looks like from outside: averages over its steps, the input of the plain baselines and of DCPL.

No feature here says what was done *where*, which is what tells policies apart; that is the point of a baseline.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job

CLIPPED = 10.0  # standard deviations beyond which an unseen episode's feature says nothing more


def means(values: Float[np.ndarray, "steps width"], dataset: EpisodeDataset) -> Float[np.ndarray, "episodes width"]:
    """Mean of step values over each episode (float64)."""
    sums = np.add.reduceat(values.astype(np.float64), dataset.episode_starts)
    found: np.ndarray = sums / dataset.episode_lengths[:, None]
    return found


def action_values(job: Job, dataset: EpisodeDataset) -> Float[np.ndarray, "steps width"]:
    """Normalised action vectors; discrete actions as unit vectors, whose mean is their frequency."""
    if dataset.num_actions is not None:
        unit: np.ndarray = np.eye(dataset.num_actions, dtype=np.float32)[dataset.actions]
        return unit
    values: np.ndarray = job.normaliser.actions(torch.from_numpy(dataset.actions)).numpy()
    return values


def summaries(job: Job, dataset: EpisodeDataset) -> Float[np.ndarray, "episodes width"]:
    """Mean and standard deviation of states and actions over each episode, in normalised units.

    Of discrete actions, and of observations that are names (gridworlds), the frequencies alone: their spread follows.
    """
    observations = job.encoding(torch.from_numpy(dataset.observations)).numpy()
    parts = []
    for values, nominal in (
        (observations, job.encoding.values is not None),
        (action_values(job, dataset), dataset.num_actions is not None),
    ):
        average = means(values, dataset)
        parts.append(average)
        if not nominal:
            spread = means(values.astype(np.float64) ** 2, dataset) - average**2
            parts.append(np.sqrt(np.maximum(spread, 0)))
    return np.concatenate(parts, axis=1)


class SeedScaler:
    """Features of each seed's episodes, scaled by `Scaler`.

    Args:
        features: What is known of each episode, to all seeds alike or to each its own.
        num_seeds: Number of seeds.
    """

    def __init__(self, features: Float[np.ndarray, "*seeds episodes width"], num_seeds: int) -> None:
        self.num_seeds = num_seeds
        self.scalers = [Scaler(of_seed) for of_seed in self._of_each(features)]

    def __call__(
        self, features: Float[np.ndarray, "*seeds episodes width"]
    ) -> Float[np.ndarray, "num_seeds episodes width"]:
        return np.stack([scaler(part) for scaler, part in zip(self.scalers, self._of_each(features), strict=True)])

    def _of_each(
        self, features: Float[np.ndarray, "*seeds episodes width"]
    ) -> Float[np.ndarray, "num_seeds episodes width"]:
        return np.broadcast_to(features, (self.num_seeds, *features.shape[-2:]))


class Scaler:
    """Features to mean 0 and standard deviation 1 over the episodes it was made from."""

    def __init__(self, features: Float[np.ndarray, "episodes width"]) -> None:
        from sklearn.preprocessing import (
            StandardScaler,
        )  # loaded here: it takes a second, and planning has no use for it

        self.scaler = StandardScaler().fit(features)

    def __call__(self, features: Float[np.ndarray, "episodes width"]) -> Float[np.ndarray, "episodes width"]:
        scaled: np.ndarray = np.clip(self.scaler.transform(features), -CLIPPED, CLIPPED)
        return scaled
