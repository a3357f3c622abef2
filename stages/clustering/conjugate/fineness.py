"""How fine are the steps of a recording? A hand that is recorded a hundred times a second does not decide as often.

Noise that lasts is freed of its memory (`noise.py`), so that steps count as what is new in them. That is right where
what is new is new. Of a smooth movement, of which every step continues the last one, it is not: what is new at one step
is nearly what was new at the step before, and a thousand steps would count as a thousand decisions. Then every second
step is looked at, or every fourth, and so on.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float

from stages.clustering.conjugate.noise import autocorrelation
from stages.clustering.conjugate.scaled_steps import varying
from stages.datasets.episodes import EpisodeDataset

SMOOTH = 0.5  # autocorrelation of what is new
FEWEST_STEPS = 75  # of most episodes, that are looked at
MOST_EPISODES = 200  # looked at
STEPS_EACH = 3  # for every number that an episode's own policy is fitted with, at least


def fineness(dataset: EpisodeDataset) -> int:
    """Every so-manieth step says what all say: a power of two; 1 unless actions are continuous and smooth."""
    if dataset.num_actions is not None:
        return 1
    stride, length = 1, float(np.median(dataset.episode_lengths))
    some = dataset.select(np.unique(np.linspace(0, dataset.num_episodes - 1, MOST_EPISODES).astype(np.int64)))
    while length >= 2 * stride * FEWEST_STEPS and continued(some.every(stride)) > SMOOTH:
        stride *= 2
    return stride


def continued(dataset: EpisodeDataset) -> float:
    """Autocorrelation of what is new, of the action coordinate in which it is least; 0 where nothing moves.

    What is new at a step is what the step before leaves of it, of what a policy of the episode's own, linear in the
    observation, leaves of its actions: who made which episode does not matter.
    """
    moving = varying(dataset.actions)
    if not moving.any():
        return 0.0
    parts = [np.split(rows, dataset.episode_starts[1:]) for rows in (dataset.actions[:, moving], dataset.observations)]
    left = torch.from_numpy(np.concatenate([_left(*episode) for episode in zip(*parts, strict=True)]))
    new = left.clone()
    new[1:] -= autocorrelation(left, dataset.episode_starts) * left[:-1]
    new[dataset.episode_starts] = 0  # nothing comes before
    return float(autocorrelation(new, dataset.episode_starts).min())


def _left(
    actions: Float[np.ndarray, "steps targets"], observations: Float[np.ndarray, "steps width"]
) -> Float[np.ndarray, "steps targets"]:
    """What an episode's own policy, or its mean action if it is too short, leaves of its actions."""
    inputs = np.column_stack([np.ones(len(actions)), observations])
    if len(actions) < STEPS_EACH * inputs.shape[1]:
        inputs = inputs[:, :1]
    wanted = actions.astype(np.float64)
    left: np.ndarray = wanted - inputs @ np.linalg.lstsq(inputs, wanted)[0]
    return left
