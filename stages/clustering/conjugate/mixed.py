"""Linear policies with random effects, for continuous actions (`deviations.py` has the model and formulas)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.deviations import posterior, spread
from stages.clustering.conjugate.linearity import DECISIVE, foretold
from stages.clustering.conjugate.noise import Noise
from stages.clustering.conjugate.random_effects import RandomEffects, moments
from stages.clustering.conjugate.scaled_steps import ScaledSteps, decorrelated, least_squares
from stages.datasets.episodes import EpisodeDataset

ROUNDS = 4  # of fitting the common policy, the episodes' deviations and the noise in turn
LEAST = 0.05  # share of steps that remain to estimate the noise from, whatever was fitted
FIRST_LOOK, CLEARLY = 16, 1.5 * DECISIVE  # episodes that may say that policies are not linear, and how clearly


class MixedPolicies(RandomEffects):
    """Linear policies with random effects.

    Args:
        dataset: Episodes with continuous actions.
        generator: Draws the features that noise depends on.
        chosen: Episodes that the common policy, the noise and the spreads are estimated from.

    Attributes:
        residuals: What the common policy and the deviations of the chosen episodes leave of their actions.
    """

    def common_inputs(self, steps: ScaledSteps) -> Float[Tensor, "steps width"]:
        """What the policy of all episodes together sees of each step."""
        return steps.inputs

    def common_policy(
        self, seen: Float[Tensor, "steps width"], targets: Float[Tensor, "steps targets"]
    ) -> Float[Tensor, "width targets"]:
        """The policy of all episodes together."""
        return least_squares(seen, targets)

    def measured(self, dataset: EpisodeDataset) -> tuple[Tensor, Tensor]:
        """X and g of every episode; the last coefficient is the logarithm of the noise level."""
        steps = self.steps_of(dataset)
        precision, moment, white = self._moments(dataset, steps, steps.targets @ self.rotation)
        width = precision.shape[-1]
        level, degrees, _ = self._levels(dataset, precision, moment, white)
        information = degrees / self.level_error
        precision = torch.nn.functional.pad(precision, (0, 1, 0, 1))
        precision[:, :, width, width] = information
        return precision, torch.cat([moment, (information * (level - self.level))[..., None]], 2)

    def nonlinear(self, enough: float = float("inf")) -> float:
        """Standard errors by which nonlinear policies foretell actions better (`linearity.foretold`), at most.

        Args:
            enough: Once an action coordinate has more than so many, the others are not looked at.
        """
        variance = self.noise.variance(self.steps.columns)
        first, width = torch.from_numpy(self.part.episode_starts), self.steps.inputs.shape[1]
        most = -float("inf")
        for target, residual in enumerate(self.residuals.T):
            seen = torch.cat([self.steps.inputs, residual[:, None], self.steps.hidden], 1)
            free = self.noise.whiten(seen, variance[:, target], target, first)
            parts = free[:, width + 1 :], free[:, :width], free[:, width : width + 1]
            most = max(most, foretold(*parts, self.part.episode_of_step))
            if most > enough:
                break
        return most

    def fit(self) -> None:
        """Common policy, deviations, noise and spreads, by turns."""
        steps = self.steps
        seen = self.common_inputs(steps)
        self.common = self.common_policy(seen, steps.targets)
        self.rotation = decorrelated(steps.targets - seen @ self.common)
        targets = steps.targets @ self.rotation
        self.common = self.common @ self.rotation
        residuals = targets - seen @ self.common
        self.noise = Noise.white(steps.columns.shape[1], residuals.square().mean(0))
        self.level_error = torch.full((targets.shape[1],), 2.0, dtype=torch.float64)
        self.level = torch.zeros(targets.shape[1], dtype=torch.float64)
        self.variances = torch.full((targets.shape[1], steps.inputs.shape[1]), 0.1, dtype=torch.float64)
        for turn in range(ROUNDS):
            precision, moment, _ = self._moments(self.part, steps, targets)
            self.variances = spread(precision, moment, self.variances)
            mean, covariance = posterior(precision, moment, self.variances)
            degrees = torch.einsum("napq,naqp->na", precision, covariance)
            deviations = torch.einsum("tp,tap->ta", steps.inputs, mean[self.part.episode_of_step])
            self.common = self.common_policy(seen, targets - deviations)
            self.residuals = targets - deviations - seen @ self.common
            fitted = degrees.mean(0) if turn else torch.full_like(self.level, float("inf"))
            left = (1 - degrees.sum(0) / len(targets)).clamp(min=LEAST)
            self.noise = Noise.of(steps.columns, self.residuals, self.part.episode_starts, fitted)
            self.noise.weights[0] -= left.log()
        self._estimate_levels(targets)

    def _estimate_levels(self, targets: Float[Tensor, "steps targets"]) -> None:
        """Errors of the episodes' noise levels, and the spread of all coefficients, levels included."""
        precision, moment, white = self._moments(self.part, self.steps, targets)
        self.variances = spread(precision, moment, self.variances)
        level, _, ratio = self._levels(self.part, precision, moment, white)
        self.level_error = (ratio.pow(4).mean(0).clamp(3, 30) - 1).nan_to_num(2.0)
        weights = torch.from_numpy(self.part.episode_lengths.astype(np.float64))[:, None]
        self.level = (weights * level).sum(0) / weights.sum()
        tenth = torch.full((len(self.level), 1), 0.1, dtype=torch.float64)
        self.precision, self.moment = self.measured(self.part)
        self.variances = spread(self.precision, self.moment, torch.cat([self.variances, tenth], 1))

    def _moments(
        self, dataset: EpisodeDataset, steps: ScaledSteps, targets: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """X and g of the coefficients of (1, s), and the whitened inputs and residuals of each action coordinate."""
        residuals, variance = targets - self.common_inputs(steps) @ self.common, self.noise.variance(steps.columns)
        return moments(steps.inputs, residuals, variance, self.noise, dataset)

    def _levels(
        self, dataset: EpisodeDataset, precision: Tensor, moment: Tensor, white: list[Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logarithm of each episode's residual variance, its degrees of freedom, and residuals over their scale."""
        mean, covariance = posterior(precision, moment, self.variances[:, : precision.shape[-1]])
        fitted = torch.einsum("napq,naqp->na", precision, covariance)
        episode = torch.from_numpy(dataset.episode_of_step)
        left = torch.stack([free[:, -1] - (free[:, :-1] * mean[episode, a]).sum(1) for a, free in enumerate(white)], 1)
        sums = torch.zeros_like(fitted).index_add_(0, episode, left.square())
        lengths = torch.from_numpy(dataset.episode_lengths.astype(np.float64))[:, None]
        degrees = (lengths - fitted).clamp(min=LEAST)
        scale = (sums / lengths).clamp(min=1e-300).sqrt()
        return (sums / degrees).clamp(min=1e-9).log(), degrees, left / scale[episode]


def if_linear(
    dataset: EpisodeDataset, draws: Callable[[], np.random.Generator], order: Int[np.ndarray, "chosen"]
) -> tuple[MixedPolicies | None, bool]:
    """The model of the episodes named in `order`, and whether nothing nonlinear foretells their actions better.

    Most networks can be told from linear policies by the first few episodes, at a fraction of what all of them cost:
    None where these say so clearly.

    Args:
        dataset: Episodes with continuous actions.
        draws: Makes the generator of the features that noise depends on.
        order: Numbers of the episodes to estimate from, in random order.
    """
    if len(order) >= 2 * FIRST_LOOK:
        first = MixedPolicies(dataset, draws(), np.sort(order[:FIRST_LOOK]))
        if first.nonlinear(enough=CLEARLY) > CLEARLY:
            return None, False
    policies = MixedPolicies(dataset, draws(), np.sort(order))
    return policies, policies.nonlinear(enough=DECISIVE) <= DECISIVE
