"""Steps in units of their own: what linear policies with random effects see of a dataset."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.clustering.conjugate.censoring import Edges
from stages.datasets.episodes import EpisodeDataset

CONSTANT = 1e-6  # standard deviation, relative to the largest or to the mean, up to which a coordinate is constant
NUM_FEATURES, NUM_NOISE_FEATURES = 200, 40
CLIP = 8.0  # standard deviations; only for what noise depends on


class ScaledSteps:
    """Inputs ``(1, s)``, action coordinates and nonlinear features of every step, in float64.

    Coordinates that never move are left out, the others have mean 0 and variance 1.

    Attributes:
        inputs: The constant and the observation.
        targets: Action coordinates, where actions are continuous.
        side: At which edge of a box each of them is (`censoring.py`).
        chosen: Unit vectors of the actions, where they are discrete.
        hidden: Random features ``tanh(s R + r)`` of small and large scale.
        columns: What the noise scale may depend on: ``1, s, s^2`` and some of the features.
    """

    def __init__(self, dataset: EpisodeDataset, generator: np.random.Generator) -> None:
        observations = dataset.observations.astype(np.float64)
        self.seen = varying(observations)
        self.observed = observations[:, self.seen].mean(0), observations[:, self.seen].std(0)
        if dataset.num_actions is None:
            actions = dataset.actions.astype(np.float64)
            self.moving = varying(actions)
            self.acted = actions[:, self.moving].mean(0), actions[:, self.moving].std(0)
            self.edges = Edges.of(actions[:, self.moving], dataset.episode_starts)
        width, half = int(self.seen.sum()), NUM_FEATURES // 2
        scales = np.repeat([0.5, 1.5], half) / max(1.0, np.sqrt(width))
        self.directions = generator.standard_normal((width, NUM_FEATURES)) * scales
        self.offsets = generator.uniform(-1.5, 1.5, NUM_FEATURES)
        self._see(dataset)

    def of(self, dataset: EpisodeDataset) -> ScaledSteps:
        """Another dataset's steps in the same units."""
        other = object.__new__(ScaledSteps)
        other.__dict__.update(self.__dict__)
        other._see(dataset)
        return other

    def _see(self, dataset: EpisodeDataset) -> None:
        scaled = (dataset.observations[:, self.seen].astype(np.float64) - self.observed[0]) / self.observed[1]
        ones, clipped = np.ones((len(scaled), 1)), scaled.clip(-CLIP, CLIP)
        hidden = np.tanh(scaled @ self.directions + self.offsets)
        some = hidden[:, :: NUM_FEATURES // NUM_NOISE_FEATURES]
        # Copied into torch's memory, which is aligned: sums of products depend in their last bits on where data begin.
        self.inputs, self.hidden = torch.tensor(np.hstack([ones, scaled])), torch.tensor(hidden)
        self.columns = torch.tensor(np.hstack([ones, clipped, clipped**2 - 1, some]))
        if dataset.num_actions is None:
            acted = dataset.actions[:, self.moving].astype(np.float64)
            self.targets = torch.tensor((acted - self.acted[0]) / self.acted[1])
            self.side = self.edges.side(acted)
        else:
            self.chosen = torch.eye(dataset.num_actions, dtype=torch.float64)[torch.from_numpy(dataset.actions)]


def least_squares(
    inputs: Float[Tensor, "steps width"], targets: Float[Tensor, "steps targets"]
) -> Float[Tensor, "width targets"]:
    """Coefficients of least squares; NumPy's, since those of torch differ in their last bits from call to call."""
    return torch.tensor(np.linalg.lstsq(inputs.numpy(), targets.numpy(), rcond=None)[0])


def decorrelated(residuals: Float[Tensor, "steps targets"]) -> Float[Tensor, "targets kept"]:
    """Symmetric whitening, which keeps action coordinates recognisable; directions without residuals are dropped."""
    covariance = residuals.T @ residuals / len(residuals)
    scale = covariance.diagonal().sqrt().clamp(min=1e-30)
    values, vectors = torch.linalg.eigh(covariance / scale[:, None] / scale)
    kept = values > CONSTANT
    rotation = vectors[:, kept] / values[kept].sqrt()
    return (rotation @ vectors.T if kept.all() else rotation) / scale[:, None]


def varying(values: Float[np.ndarray, "steps width"]) -> Bool[np.ndarray, "width"]:
    """The coordinates that are not constant, as far as rounding tells."""
    values = values.astype(np.float64)
    found: np.ndarray = values.std(0) > CONSTANT * np.maximum(np.abs(values.mean(0)), 1e-30)
    return found
