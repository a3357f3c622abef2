"""Linear policies with random effects, for continuous actions (`deviations.py` has the model and formulas)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.censoring import Beside
from stages.clustering.conjugate.deviations import SCALES, about_clusters, posterior, spread
from stages.clustering.conjugate.foretelling import foretold_more
from stages.clustering.conjugate.judgement import FEWEST
from stages.clustering.conjugate.linearity import DECISIVE, foretold
from stages.clustering.conjugate.noise import Noise
from stages.clustering.conjugate.random_effects import RandomEffects, moments
from stages.clustering.conjugate.scaled_steps import ScaledSteps, decorrelated, least_squares
from stages.clustering.conjugate.tails import freedom_of
from stages.datasets.episodes import EpisodeDataset

ROUNDS = 4  # of fitting the common policy, the episodes' deviations and the noise in turn
LEAST = 0.05  # share of steps that remain to estimate the noise from, whatever was fitted
# Where actions are at the edge of a box (`censoring.py`) or noise has tails (`tails.py`), which has no closed form:
ALONE, ROUNDS_BY_WEIGHTS = 30, 12  # rounds of fitting the common policy by itself, and of all
ASCENTS = 8  # steps to the mode of an episode's deviations
SETTLED = 0.01  # change, of an action or of the logarithm of the noise, after which nothing more is done
USUAL = 2.0  # steps of the usual noise that each episode begins with: some have none that tell of it
DOUBTFUL = DECISIVE / 2
FIRST_LOOK, CLEARLY = 16, 1.5 * DECISIVE  # episodes that may say that policies are not linear, and how clearly

Fit = Callable[[Float[Tensor, "steps targets"], Beside], Float[Tensor, "width targets"]]


class MixedPolicies(RandomEffects):
    """Linear policies with random effects.

    Args:
        dataset: Episodes with continuous actions.
        generator: Draws the features that noise depends on.
        chosen: Episodes that the common policy, the noise and the spreads are estimated from.

    Attributes:
        may_have_tails: Whether noise is looked at for tails.
        freedom: Degrees of freedom of the noise; None: it is normal.
        residuals: What the common policy and the deviations of the chosen episodes leave of their actions.
        weights: What each of them counts; None: 1 (`weighs`).
    """

    may_have_tails = True

    def common_inputs(self, steps: ScaledSteps) -> Float[Tensor, "steps width"]:
        """What the policy of all episodes together sees of each step."""
        return steps.inputs

    def common_policy(self, seen: Float[Tensor, "steps width"]) -> Fit:
        """How the policy of all episodes together is fitted: from its means so far, and what actions say beside."""

        def fitted(means: Float[Tensor, "steps targets"], beside: Beside) -> Float[Tensor, "width targets"]:
            targets = means + beside.residuals
            if beside.weights is None:
                return least_squares(seen, targets)
            columns = zip(beside.weights.sqrt().split(1, dim=1), targets.split(1, dim=1), strict=True)
            return torch.cat([least_squares(seen * root, target * root) for root, target in columns], 1)

        return fitted

    def measured(self, dataset: EpisodeDataset) -> tuple[Tensor, Tensor]:
        """X and g of every episode; the last coefficient is the logarithm of the noise level."""
        steps = self.steps_of(dataset)
        precision, moment, white, weights = self._moments(dataset, steps)
        width = precision.shape[-1]
        level, degrees, _ = self._levels(dataset, precision, moment, white, weights)
        information = degrees / self.level_error
        precision = torch.nn.functional.pad(precision, (0, 1, 0, 1))
        precision[:, :, width, width] = information
        return precision, torch.cat([moment, (information * (level - self.level))[..., None]], 2)

    def suffice(self, labels: Int[np.ndarray, "chosen"], doubts: np.random.Generator | None = None) -> bool:
        """Whether nothing nonlinear foretells better what policies of these clusters do, by two standard errors.

        Where it is by half as many at least, pieces of one policy may pass for several linear ones (thirty episodes of
        a clipped network do): these clusters then have to foretell more than one policy that is not linear, unless all
        but a few episodes are of one.

        Args:
            labels: The clusters.
            doubts: Draws features of a policy that is not linear; None, as where K is told: clusters need not foretell.
        """
        self._see_about(labels)
        score = self.nonlinear(enough=DECISIVE)
        few = len(labels) - np.bincount(labels).max() < FEWEST
        if score < DOUBTFUL or few or doubts is None:
            return score <= DECISIVE
        return score <= DECISIVE and foretold_more(self.part, labels, np.zeros_like(labels), doubts) > 0

    def nonlinear(self, enough: float = float("inf")) -> float:
        """Standard errors by which nonlinear policies foretell actions better (`linearity.foretold`), at most.

        Args:
            enough: Once an action coordinate has more than so many, the others are not looked at.
        """
        variance, most = self.noise.variance(self.steps.columns), -float("inf")
        for target in range(self.residuals.shape[1]):
            most = max(most, self._nonlinear_at(target, variance[:, target]))
            if most > enough:
                break
        return most

    def _nonlinear_at(self, target: int, variance: Float[Tensor, "steps"]) -> float:
        """The same of one action coordinate."""
        first, width = torch.from_numpy(self.part.episode_starts), self.steps.inputs.shape[1]
        seen = torch.cat([self.steps.inputs, self.residuals[:, target, None], self.steps.hidden], 1)
        free = self.noise.whiten_(seen, variance, target, first, self.weights)
        parts = free[:, width + 1 :], free[:, :width], free[:, width : width + 1]
        return foretold(*parts, self.part.episode_of_step)

    def _see_about(self, labels: Int[np.ndarray, "chosen"]) -> None:
        """Residuals beside the clusters' policies.

        Where its steps do not hold an episode's deviations against their prior, because they are at an edge or in few
        places, they lack what takes them from the policy of all episodes, and that would look nonlinear.
        """
        width, members = self.steps.inputs.shape[1], [np.flatnonzero(labels == z) for z in np.unique(labels)]
        within, between = self.within[:, :width], SCALES[-1] * self.between[:, :width]
        residuals, variance = self._left_by_common(self.part, self.steps), self.noise.variance(self.steps.columns)
        precision, moment = self.precision[..., :width, :width], self.moment[..., :width]
        for ascent in range(ASCENTS):
            mean = torch.stack(
                [
                    about_clusters(precision[:, target], moment[:, target], between[target], within[target], members)
                    for target in range(len(within))
                ],
                1,
            )
            deviations = self._of_steps(self.part, self.steps, mean)
            beside = self._beside(self.steps, residuals - deviations, variance)
            self.residuals, self.weights = beside.residuals, beside.weights
            if not self.weighs or ascent == ASCENTS - 1:
                break
            left = deviations + beside.residuals
            precision, moment, _ = moments(self.steps.inputs, left, variance, self.noise, self.part, beside.weights)

    def fit(self) -> None:
        """Common policy, deviations, noise and spreads, by turns; again where noise turns out to have tails."""
        steps = self.steps
        seen = self.common_inputs(steps)
        policy_of = self.common_policy(seen)
        self.common = policy_of(torch.zeros_like(steps.targets), Beside(steps.targets))
        self.rotation = self._rotation(steps.targets - seen @ self.common)
        targets = steps.targets @ self.rotation
        self.common = self.common @ self.rotation
        residuals = targets - seen @ self.common
        self.freedom = None
        self.noise = Noise.white(steps.columns.shape[1], residuals.square().mean(0))
        if self.cut_off:
            self._fit_alone(seen, targets, policy_of)
        self.level_error = torch.full((targets.shape[1],), 2.0, dtype=torch.float64)
        self.level = torch.zeros(targets.shape[1], dtype=torch.float64)
        self.variances = torch.full((targets.shape[1], steps.inputs.shape[1]), 0.1, dtype=torch.float64)
        self._by_turns(steps, seen, policy_of)
        if self.may_have_tails and not self.cut_off:
            self.freedom = freedom_of(self.residuals / self.noise.variance(steps.columns).sqrt())
        if self.freedom is not None:
            self._by_turns(steps, seen, policy_of)
        self._estimate_levels()

    def _by_turns(self, steps: ScaledSteps, seen: Float[Tensor, "steps width"], policy_of: Fit) -> None:
        """Common policy, deviations, noise and spreads."""
        targets = steps.targets @ self.rotation
        for turn in range(ROUNDS_BY_WEIGHTS if self.weighs else ROUNDS):
            precision, moment, _, _ = self._moments(self.part, steps)
            self.variances = spread(precision, moment, self.variances)
            mean, covariance = posterior(precision, moment, self.variances)
            degrees = torch.einsum("napq,naqp->na", precision, covariance)
            deviations = self._of_steps(self.part, steps, mean)
            means = seen @ self.common
            self.common = policy_of(means, self._beside(steps, targets - deviations - means))
            beside = self._beside(steps, targets - deviations - seen @ self.common)
            self.residuals, self.weights = beside.residuals, beside.weights
            fitted = degrees.mean(0) if turn else torch.full_like(self.level, float("inf"))
            left = (1 - degrees.sum(0) / beside.count).clamp(min=LEAST)
            self.noise = Noise.of(steps.columns, beside.expected, self.part.episode_starts, fitted, beside.squares)
            self.noise.weights[0] -= left.log()

    def _rotation(self, residuals: Float[Tensor, "steps targets"]) -> Float[Tensor, "targets kept"]:
        """What makes residuals uncorrelated; edges are those of single coordinates, which are only scaled then."""
        rotation = decorrelated(residuals)
        self.cut_off = bool(self.steps.side.any()) and rotation.shape[0] == rotation.shape[1]
        return torch.diag(1 / residuals.square().mean(0).sqrt()) if self.cut_off else rotation

    def _fit_alone(self, seen: Float[Tensor, "steps width"], targets: Float[Tensor, "steps targets"], fit: Fit) -> None:
        """Common policy and noise without deviations, so that these do not begin with what it explains."""
        columns = self.steps.columns.shape[1]
        for _ in range(ALONE):
            means = seen @ self.common
            self.common = fit(means, self._beside(self.steps, targets - means))
            before, squares = self.noise.weights[0], self._beside(self.steps, targets - seen @ self.common).squares
            self.noise = Noise.white(columns, squares.mean(0))
            if (self.noise.weights[0] - before).abs().max() < SETTLED:
                break

    def _beside(
        self, steps: ScaledSteps, residuals: Float[Tensor, "steps targets"], variance: Tensor | None = None
    ) -> Beside:
        """What recorded actions say beside a policy that leaves these residuals of them."""
        if not self.weighs:
            return Beside(residuals)
        variance = self.noise.variance(steps.columns) if variance is None else variance
        if self.freedom is not None:
            return Beside.with_tails(residuals, variance, self.freedom)
        return Beside.of(steps.side, residuals, variance)

    @property
    def weighs(self) -> bool:
        """Whether steps count less than 1: at an edge of a box (`censoring.py`), or far off (`tails.py`)."""
        return self.cut_off or self.freedom is not None

    def _estimate_levels(self) -> None:
        """Errors of the episodes' noise levels, and the spread of all coefficients, levels included."""
        precision, moment, white, weights = self._moments(self.part, self.steps)
        self.variances = spread(precision, moment, self.variances)
        level, _, ratio = self._levels(self.part, precision, moment, white, weights)
        self.level_error = (ratio.pow(4).mean(0).clamp(3, 30) - 1).nan_to_num(2.0)
        lengths = torch.from_numpy(self.part.episode_lengths.astype(np.float64))[:, None]
        self.level = (lengths * level).sum(0) / lengths.sum()
        tenth = torch.full((len(self.level), 1), 0.1, dtype=torch.float64)
        self.precision, self.moment = self.measured(self.part)
        self.variances = spread(self.precision, self.moment, torch.cat([self.variances, tenth], 1))

    def _moments(
        self, dataset: EpisodeDataset, steps: ScaledSteps
    ) -> tuple[Tensor, Tensor, list[Tensor], Tensor | None]:
        """X and g of the coefficients of (1, s), whitened inputs and residuals of each action coordinate, weights.

        Where actions are cut off, those of the parabolas that touch the log-likelihood at each episode's own mode.
        """
        residuals = self._left_by_common(dataset, steps)
        variance, deviations = self.noise.variance(steps.columns), torch.zeros_like(residuals)
        for _ in range(ASCENTS):
            beside = self._beside(steps, residuals - deviations, variance)
            left = deviations + beside.residuals
            precision, moment, white = moments(steps.inputs, left, variance, self.noise, dataset, beside.weights)
            if not self.weighs:
                break
            mean, _ = posterior(precision, moment, self.variances[:, : precision.shape[-1]])
            before, deviations = deviations, self._of_steps(dataset, steps, mean)
            if (deviations - before).abs().max() < SETTLED:
                break
        return precision, moment, white, beside.weights

    def _left_by_common(self, dataset: EpisodeDataset, steps: ScaledSteps) -> Float[Tensor, "steps targets"]:
        return steps.targets @ self.rotation - self.common_inputs(steps) @ self.common

    def _of_steps(
        self, dataset: EpisodeDataset, steps: ScaledSteps, deviations: Float[Tensor, "episodes targets p"]
    ) -> Float[Tensor, "steps targets"]:
        """What the deviations of each step's episode add to its action."""
        return torch.einsum("tp,tap->ta", steps.inputs, deviations[dataset.episode_of_step])

    def _levels(
        self, dataset: EpisodeDataset, precision: Tensor, moment: Tensor, white: list[Tensor], weights: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logarithm of each episode's residual variance, its degrees of freedom, and residuals over their scale."""
        mean, covariance = posterior(precision, moment, self.variances[:, : precision.shape[-1]])
        fitted = torch.einsum("napq,naqp->na", precision, covariance)
        episode = torch.from_numpy(dataset.episode_of_step)
        left = torch.stack([free[:, -1] - (free[:, :-1] * mean[episode, a]).sum(1) for a, free in enumerate(white)], 1)
        lengths, sums = torch.from_numpy(dataset.episode_lengths.astype(np.float64))[:, None], torch.zeros_like(fitted)
        if weights is not None:
            left = left * weights.sqrt()
            lengths = torch.zeros_like(fitted).index_add_(0, episode, weights) + USUAL
            sums = sums + USUAL
        sums.index_add_(0, episode, left.square())
        degrees = (lengths - fitted).clamp(min=LEAST)
        scale = (sums / lengths).clamp(min=1e-300).sqrt()
        return (sums / degrees).clamp(min=1e-9).log(), degrees, left / scale[episode]


def unless_clearly_nonlinear(
    dataset: EpisodeDataset, draws: Callable[[], np.random.Generator], order: Int[np.ndarray, "chosen"]
) -> MixedPolicies | None:
    """The model of the episodes named in `order`.

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
            return None
    return MixedPolicies(dataset, draws(), np.sort(order))
