"""Softmax policies with random effects, for discrete actions in continuous states.

    p(a | s) = softmax( f(s) + R (w_z + delta_i)^T phi(s) ),   phi(s) = (1, s)

`f` is the policy of all episodes together, linear in (1, s) and random features. An episode's log-likelihood as a
function of ``w = w_z + delta_i`` is taken for the parabola that touches it where the episode itself puts w, the mode m
under the spread of all episodes. With ``y`` the unit vector of an action, ``p`` its probabilities there and

    r_t = R^T (y_t - p_t),   V_t = R^T (diag p_t - p_t p_t^T) R,   R = (mean_t diag p_t - p_t p_t^T)^(-1/2)

a step is that of a linear policy with the inputs ``A_t = V_t^(1/2) (x) phi_t^T``, noise of variance 1 and the action
``A_t m + V_t^(-1/2) r_t`` (iteratively reweighted least squares), and all else is as for continuous actions. Choices
that repeat each other, as those of somebody who stays with what they did, are noise that lasts.

A parabola may promise more than there is to gain, where an action is improbable: ``r_t^T V_t^-1 r_t / 2``, which is
about ``1 / 2p``, though no policy gains more than ``-log p(a_t)``. So V_t is multiplied by the ratio of both (squares
of Pearson's and of deviance residuals) where that is above 1, and divided by the mean that this has under p.

Policies that part go to different states, so that what they do together is not linear though each is. So `f` is linear
to begin with, and the strength of its random features is chosen once deviations explain what they can.

Source: Laplace's approximation of generalised linear mixed models (Breslow and Clayton, 1993), about episodes' modes.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.clustering.conjugate.deviations import posterior, spread
from stages.clustering.conjugate.noise import memory_of
from stages.clustering.conjugate.random_effects import RandomEffects
from stages.clustering.conjugate.scaled_steps import CONSTANT, ScaledSteps
from stages.clustering.conjugate.softmax_regression import SoftmaxRegression
from stages.datasets.episodes import EpisodeDataset

ROUNDS = 3  # of fitting the common policy and the episodes' deviations in turn
LEAST = 1e-4  # information of a step
ASCENTS, SETTLED = 12, 1e-3  # steps towards a mode at most; nats that the last one gains


class CategoricalMixedPolicies(RandomEffects):
    """Softmax policies with random effects; all choices together are one target.

    Args:
        dataset: Episodes with discrete actions.
        generator: Draws the features of the common policy.
        chosen: Episodes that the common policy, the memory of choices and the spreads are estimated from.
    """

    most_coefficients = 64

    def measured(self, dataset: EpisodeDataset) -> tuple[Tensor, Tensor]:
        steps = self.steps_of(dataset)
        precision, moment, _ = self._touching(dataset, steps, self._modes(dataset, steps), self.memory)
        return precision, moment

    def fit(self) -> None:
        """Common policy, deviations, memory and spreads, by turns."""
        steps, part, nothing = self.steps, self.part, torch.zeros_like(self.steps.chosen)
        self.common = SoftmaxRegression(features_of(steps), steps.inputs.shape[1], nothing.shape[1])
        self.common.fit(steps.chosen, nothing)
        probabilities = self.common.probabilities(features_of(steps))
        self.rotation, self.memory = whitening(probabilities), 0.0
        self.kept = self._told_most(probabilities)
        self.variances = torch.full((1, len(self.kept)), 0.1, dtype=torch.float64)
        for turn in range(ROUNDS):
            self.precision, self.moment = self.measured(part)
            self.variances = spread(self.precision, self.moment, self.variances)
            mean, covariance = posterior(self.precision, self.moment, self.variances)
            offsets = self._rotated(steps, part, mean[:, 0]) @ self.rotation.T
            fitted = torch.einsum("napq,naqp->n", self.precision, covariance).mean()
            self._estimate_memory(offsets, fitted / self.rotation.shape[1])
            if turn == 0:
                self.common.choose_strength(steps.chosen, offsets, part.episode_of_step)
            self.common.fit(steps.chosen, offsets)
        self.variances = spread(*self.measured(part), self.variances)
        self.precision, self.moment = self.measured(part)

    def _told_most(self, probabilities: Float[Tensor, "steps choices"]) -> Tensor:
        """The coefficients in which the scores of episodes vary most, for what they know of them."""
        scores, episode = (self.steps.chosen - probabilities) @ self.rotation, self.part.episode_of_step
        products = (scores[:, :, None] * self.steps.inputs[:, None]).flatten(1)
        information = roots(probabilities, self.rotation)[0].square().sum(1)
        sums = torch.zeros(self.part.num_episodes, products.shape[1], dtype=torch.float64)
        sums.index_add_(0, torch.from_numpy(episode), products)
        variation = sums.square().sum(0) / (information.T @ self.steps.inputs.square()).flatten().clamp(min=LEAST)
        return variation.argsort(descending=True)[: self.most_coefficients].sort().values

    def _modes(self, dataset: EpisodeDataset, steps: ScaledSteps) -> Float[Tensor, "episodes coefficients"]:
        """The likeliest deviation of each episode by itself, were there no memory: damped Newton steps."""
        modes = torch.zeros(dataset.num_episodes, len(self.kept), dtype=torch.float64)
        stride = torch.ones(dataset.num_episodes, dtype=torch.float64)
        precision, moment, height = self._touching(dataset, steps, modes, 0.0)
        for _ in range(ASCENTS):
            towards = posterior(precision, moment, self.variances)[0][:, 0]
            further = modes + stride[:, None] * (towards - modes)
            touching = self._touching(dataset, steps, further, 0.0)
            gains = touching[2] - height
            up = gains >= 0
            stride = torch.where(up, (2 * stride).clamp(max=1), stride / 2)
            modes = torch.where(up[:, None], further, modes)
            precision = torch.where(up[:, None, None, None], touching[0], precision)
            moment = torch.where(up[:, None, None], touching[1], moment)
            height = torch.where(up, touching[2], height)
            if gains.abs().max() < SETTLED:
                break
        return modes

    def _touching(
        self, dataset: EpisodeDataset, steps: ScaledSteps, at: Float[Tensor, "episodes coefficients"], memory: float
    ) -> tuple[Float[Tensor, "episodes 1 p p"], Float[Tensor, "episodes 1 p"], Float[Tensor, "episodes"]]:
        """X and g of the parabolas that touch the log-likelihoods at these deviations, and their log-posterior."""
        rotated, episode = self._rotated(steps, dataset, at), torch.from_numpy(dataset.episode_of_step)
        logits = self.common.logits(features_of(steps), rotated @ self.rotation.T)
        root, inverse = roots(logits.exp(), self.rotation)
        scores = inverse @ ((steps.chosen - logits.exp()) @ self.rotation)[..., None]
        widened = widening(logits, steps.chosen)[:, None, None].sqrt()
        root = root * widened
        action = root @ rotated[..., None] + scores / widened
        inputs = (root[..., None] * steps.inputs[:, None, None]).flatten(2)[:, :, self.kept]
        both, first = torch.cat([inputs, action], 2), torch.from_numpy(dataset.episode_starts)
        free = both.clone()
        free[1:] -= memory * both[:-1]
        free[first] = both[first] * (1 - memory**2) ** 0.5
        rows = [each.flatten(0, 1) for each in free.split(dataset.episode_lengths.tolist())]
        products = torch.stack([each.T @ each for each in rows])[:, None]
        height = -(at.square() / self.variances).sum(1) / 2
        height.index_add_(0, episode, (logits * steps.chosen).sum(1))
        return products[..., :-1, :-1], products[..., :-1, -1], height

    def _rotated(
        self, steps: ScaledSteps, dataset: EpisodeDataset, deviations: Float[Tensor, "episodes coefficients"]
    ) -> Float[Tensor, "steps targets"]:
        """The logits of deviations, before R."""
        targets, width = self.rotation.shape[1], steps.inputs.shape[1]
        weights = torch.zeros(len(deviations), targets * width, dtype=torch.float64)
        weights[:, self.kept] = deviations
        of_step = weights.view(-1, targets, width)[torch.from_numpy(dataset.episode_of_step)]
        return (of_step @ steps.inputs[..., None])[..., 0]

    def _estimate_memory(self, offsets: Float[Tensor, "steps choices"], fitted: Tensor) -> None:
        """Correlation of what policies leave of successive choices."""
        probabilities = self.common.probabilities(features_of(self.steps), offsets)
        scores = (self.steps.chosen - probabilities) @ self.rotation
        scaled = (roots(probabilities, self.rotation)[1] @ scores[..., None])[..., 0]
        self.memory = float(memory_of(scaled, self.part.episode_starts, fitted.expand(scaled.shape[1])).mean())


def features_of(steps: ScaledSteps) -> Float[Tensor, "steps features"]:
    """What the common policy is linear in: 1, s and random features."""
    return torch.cat([steps.inputs, steps.hidden], 1)


def roots(
    probabilities: Float[Tensor, "steps choices"], rotation: Float[Tensor, "choices targets"]
) -> tuple[Float[Tensor, "steps targets targets"], Float[Tensor, "steps targets targets"]]:
    """``V^(1/2)`` and ``V^(-1/2)`` of every step by Cholesky, V being the covariance of its rotated unit vector."""
    mean, identity = probabilities @ rotation, torch.eye(rotation.shape[1], dtype=torch.float64)
    second = (probabilities @ (rotation[:, :, None] * rotation[:, None]).flatten(1)).unflatten(1, identity.shape)
    lower = torch.linalg.cholesky(second - mean[:, :, None] * mean[:, None] + LEAST * identity)
    return lower.mT, torch.linalg.solve_triangular(lower, identity.expand_as(lower), upper=False)


def widening(logits: Float[Tensor, "steps choices"], chosen: Float[Tensor, "steps choices"]) -> Float[Tensor, "steps"]:
    """By how much the information of each step is larger, so that its parabola hardly promises what cannot be."""
    probability = logits.exp().clamp(min=1e-12)
    gain, promise = -probability.log().clamp(max=-LEAST), (1 / probability - 1) / 2
    ratio = (promise / gain).clamp(min=1)
    return (ratio * chosen).sum(1) / (ratio * probability).sum(1)


def whitening(probabilities: Float[Tensor, "steps choices"]) -> Float[Tensor, "choices targets"]:
    """R; directions in which choices do not vary are dropped."""
    covariance = torch.diag(probabilities.mean(0)) - probabilities.T @ probabilities / len(probabilities)
    values, vectors = torch.linalg.eigh(covariance)
    kept = values > CONSTANT
    return vectors[:, kept] / values[kept].sqrt()
