"""Numbers made of observations, on which linear models stand in for policies: a constant, a linear part, random waves.

    phi(s) = [1,  x / sqrt(d),  sqrt(2 / D) cos(W x / sqrt(d) + b)],    W ~ N(0, 1),  b ~ U(0, 2 pi)

for the standardised observation x of d numbers. A ridge regression on the D waves approximates one
with a Gaussian kernel of width sqrt(d) standard deviations.

Source: Rahimi, Recht: Random Features for Large-Scale Kernel Machines, NIPS 2007, Algorithm 1.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.scales import scales

FARTHEST = 5.0  # standard deviations; single wild values are cut to this


def random_features(
    dataset: EpisodeDataset, num_waves: int, generator: np.random.Generator
) -> Float[np.ndarray, "steps features"]:
    """``phi`` of every step's observation; 1 + observation + `num_waves` columns."""
    x = standardised(dataset.observations).clip(-FARTHEST, FARTHEST) / np.sqrt(dataset.observations.shape[1])
    waves = x @ generator.standard_normal((x.shape[1], num_waves)) + generator.uniform(0, 2 * np.pi, num_waves)
    return np.column_stack([np.ones(len(x)), x, np.sqrt(2 / max(num_waves, 1)) * np.cos(waves)])


def standardised(values: Float[np.ndarray, "steps columns"]) -> Float[np.ndarray, "steps columns"]:
    """Columns with mean 0 and standard deviation 1 (float64); those that do not vary stay 0, see `scales`."""
    exact = values.astype(np.float64)
    mean = exact.mean(axis=0)
    scaled: np.ndarray = (exact - mean) / scales(exact.std(axis=0), mean)
    return scaled
