"""Linear policies tried side by side, and the running statistics of what they observe."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stages.environments.base import VectorEnvironment

MIN_STD = 1e-6


class RunningMoments:
    """Mean and standard deviation of all observations so far; before the first ones, 0 and 1.

    Attributes:
        sums: Number of observations (in every column), their sum and the sum of their squares.
    """

    def __init__(self, size: int) -> None:
        self.sums = np.zeros((3, size))

    def add(self, values: Float[np.ndarray, "batch size"]) -> None:
        """Take more observations into account."""
        self.sums += np.stack([np.full(values.shape[1], len(values)), values.sum(0), np.square(values).sum(0)])

    @property
    def mean(self) -> Float[np.ndarray, "size"]:
        return np.asarray(self.sums[1] / np.maximum(self.sums[0], 1))

    @property
    def std(self) -> Float[np.ndarray, "size"]:
        if not self.sums.any():
            return np.ones(self.sums.shape[1])
        variance = self.sums[2] / self.sums[0] - self.mean**2
        return np.sqrt(np.maximum(variance, MIN_STD**2))


@dataclass(frozen=True)
class Outcome:
    """Sums over one episode of each policy."""

    returns: Float[np.ndarray, "policies"]
    costs: Float[np.ndarray, "policies"]
    lengths: Float[np.ndarray, "policies"]


def try_out(
    environment: VectorEnvironment,
    weights: Float[np.ndarray, "policies observation_and_1 action"],
    moments: RunningMoments,
    random: np.random.Generator,
) -> Outcome:
    """One episode of every policy ``a = weights^T (s, 1)``; actions in ``[-1, 1]`` stand for the environment's box.

    Args:
        environment: The task.
        weights: Weights on observations as they are, and in the last row the biases.
        moments: Is told every observation.
        random: Draws the starts.
    """
    low, high = environment.action_low, environment.action_high
    observations = environment.reset(len(weights), random)
    running = np.ones(len(weights), dtype=bool)
    returns, costs, lengths = np.zeros((3, len(weights)))
    for _ in range(environment.max_episode_steps):
        moments.add(observations[running])
        actions = np.einsum("po,poa->pa", observations, weights[:, :-1]) + weights[:, -1]
        step = environment.step(low + (high - low) * (np.clip(actions, -1, 1) + 1) / 2)
        returns += np.where(running, step.rewards, 0.0)
        if step.costs is not None:
            costs += np.where(running, step.costs, 0.0)
        lengths += running
        observations, running = step.observations, running & ~step.terminated
        if not running.any():
            break
    return Outcome(returns, costs, lengths)


def on_raw_observations(
    weights: Float[np.ndarray, "*policies observation action"], moments: RunningMoments
) -> Float[np.ndarray, "*policies observation_and_1 action"]:
    """Weights for normalised observations as weights and biases for observations as they are."""
    scaled = weights / moments.std[:, None]
    bias = -np.einsum("...oa,o->...a", scaled, moments.mean)
    return np.concatenate([scaled, bias[..., None, :]], axis=-2)
