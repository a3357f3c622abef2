"""Softmax policies with random effects, for discrete actions in continuous states.

    p(a | s) = softmax( f(s) + R (w_z + delta_i)^T phi(s) ),   phi(s) = (1, s)

`f` is the policy of all episodes together, linear in (1, s) and random features. Near it, what a step says about the
rest is its score and Fisher information: with ``y`` the unit vector of the action and ``p = softmax(f(s))``,

    r_t = R^T (y_t - p_t),   v_t = diag( R^T (diag p_t - p_t p_t^T) R ),   R = (mean_t diag p_t - p_t p_t^T)^(-1/2)

so that ``r_t / v_t`` is a linear policy's action with noise of variance ``1 / v_t`` (iteratively reweighted least
squares), and all else is as for continuous actions. Choices that repeat each other, as those of somebody who stays with
what they did, are noise that lasts.

Source: Laplace's approximation of generalised linear mixed models (Breslow and Clayton, 1993), about the common policy.
Deviation: the information that two targets share is left out; it vanishes on average.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.clustering.conjugate.deviations import posterior, spread
from stages.clustering.conjugate.noise import Noise, memory_of
from stages.clustering.conjugate.random_effects import RandomEffects, moments
from stages.clustering.conjugate.scaled_steps import CONSTANT, ScaledSteps
from stages.clustering.conjugate.softmax_regression import SoftmaxRegression
from stages.datasets.episodes import EpisodeDataset

ROUNDS = 3  # of fitting the common policy and the episodes' deviations in turn
LEAST = 1e-4  # information of a step


class CategoricalMixedPolicies(RandomEffects):
    """Softmax policies with random effects.

    Args:
        dataset: Episodes with discrete actions.
        generator: Draws the features of the common policy.
        chosen: Episodes that the common policy, the memory of choices and the spreads are estimated from.
    """

    def measured(self, dataset: EpisodeDataset) -> tuple[Tensor, Tensor]:
        steps = self.steps_of(dataset)
        probabilities = self.common.probabilities(features_of(steps))
        residuals = (steps.chosen - probabilities) @ self.rotation
        information = information_of(probabilities, self.rotation).clamp(min=LEAST)
        precision, moment, _ = moments(steps.inputs, residuals / information, 1 / information, self.noise, dataset)
        return precision, moment

    def fit(self) -> None:
        """Common policy, deviations, memory and spreads, by turns."""
        steps, part, features = self.steps, self.part, features_of(self.steps)
        offsets = torch.zeros_like(steps.chosen)
        self.common = SoftmaxRegression(features, steps.chosen, part.episode_of_step)
        self.rotation = whitening(self.common.probabilities(features))
        targets = self.rotation.shape[1]
        self.noise = Noise.white(1, torch.ones(targets, dtype=torch.float64))
        self.variances = torch.full((targets, steps.inputs.shape[1]), 0.1, dtype=torch.float64)
        for _ in range(ROUNDS):
            self.common.fit(features, steps.chosen, offsets)
            self.rotation = whitening(self.common.probabilities(features))
            self.precision, self.moment = self.measured(part)
            self.variances = spread(self.precision, self.moment, self.variances)
            mean, covariance = posterior(self.precision, self.moment, self.variances)
            deviations = torch.einsum("tp,tap->ta", steps.inputs, mean[part.episode_of_step])
            offsets = deviations @ self.rotation.T
            self._estimate_memory(offsets, torch.einsum("napq,naqp->na", self.precision, covariance).mean(0))
        self.precision, self.moment = self.measured(part)
        self.variances = spread(self.precision, self.moment, self.variances)

    def _estimate_memory(self, offsets: Tensor, fitted: Float[Tensor, "targets"]) -> None:
        """Correlation of what policies leave of successive choices."""
        probabilities = self.common.probabilities(features_of(self.steps), offsets)
        information = information_of(probabilities, self.rotation).clamp(min=LEAST)
        scaled = (self.steps.chosen - probabilities) @ self.rotation / information.sqrt()
        self.noise = Noise(self.noise.weights, memory_of(scaled, self.part.episode_starts, fitted))


def features_of(steps: ScaledSteps) -> Float[Tensor, "steps features"]:
    """What the common policy is linear in: 1, s and random features."""
    return torch.cat([steps.inputs, steps.hidden], 1)


def information_of(
    probabilities: Float[Tensor, "steps choices"], rotation: Float[Tensor, "choices targets"]
) -> Float[Tensor, "steps targets"]:
    """Variance of the rotated unit vector of a step's action."""
    return probabilities @ rotation.square() - (probabilities @ rotation).square()


def whitening(probabilities: Float[Tensor, "steps choices"]) -> Float[Tensor, "choices targets"]:
    """R; directions in which choices do not vary are dropped."""
    covariance = torch.diag(probabilities.mean(0)) - probabilities.T @ probabilities / len(probabilities)
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > CONSTANT
    return vectors[:, kept] / values[kept].sqrt()
