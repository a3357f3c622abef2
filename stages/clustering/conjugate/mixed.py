"""Linear policies with random effects, for continuous actions (`deviations.py` has the model and formulas)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.censoring import Beside
from stages.clustering.conjugate.deviations import SCALES, about_clusters, common_to_all, degrees_of, posterior, spread
from stages.clustering.conjugate.foretelling import foretold_more
from stages.clustering.conjugate.judgement import FEWEST
from stages.clustering.conjugate.linearity import DECISIVE, as_if_alone, foretold
from stages.clustering.conjugate.noise import Noise, whiten_
from stages.clustering.conjugate.noise_effects import EpisodeNoise
from stages.clustering.conjugate.random_effects import RandomEffects, moments
from stages.clustering.conjugate.scaled_steps import ScaledSteps, decorrelated, least_squares
from stages.clustering.conjugate.tails import freedom_of
from stages.datasets.episodes import EpisodeDataset

ROUNDS_OF_NOISE = 3  # of what episodes say of their policies and of their noise in turn
ROUNDS = 4  # of fitting the common policy, the episodes' deviations and the noise in turn
LEAST = 0.05  # share of steps that remain to estimate the noise from, whatever was fitted
# Where actions are at the edge of a box (`censoring.py`) or noise has tails (`tails.py`), which has no closed form:
ALONE, ROUNDS_BY_WEIGHTS = 30, 12  # rounds of fitting the common policy by itself, and of all
ASCENTS = 8  # steps to the mode of an episode's deviations
MOSTLY = 0.5  # of the steps
FEWEST_EACH = 3  # episodes of a cluster, on average
SETTLED = 0.01  # change, of an action or of the logarithm of the noise, after which nothing more is done
DOUBTFUL = DECISIVE / 2

Fit = Callable[[Float[Tensor, "steps targets"], Beside], Float[Tensor, "width targets"]]


class MixedPolicies(RandomEffects):
    """Linear policies with random effects.

    Args:
        dataset: Episodes with continuous actions.
        generator: Draws the features that noise depends on.
        chosen: Episodes that the common policy, the noise and the spreads are estimated from.

    Attributes:
        leaves_noise: Whether what policies leave is noise: looked at for tails, and as new as it is where it lasts.
        freedom: Degrees of freedom of the noise; None: it is normal.
        residuals: What the common policy and the deviations of the chosen episodes leave of their actions.
        weights: What each of them counts; None: 1 (`weighs`).
    """

    leaves_noise = True

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
        """X and g of every episode; the last two coefficients are how loud its noise is and how long it lasts."""
        steps, by_episode = self.steps_of(dataset), EpisodeNoise.usual(self.noise.memory, dataset.num_episodes)
        for _ in range(ROUNDS_OF_NOISE):
            precision, moment, by_episode = self._measured_beside(dataset, steps, by_episode, self.by_episode)
        return by_episode.with_coefficients(precision, moment)

    def suffice(self, labels: Int[np.ndarray, "chosen"], doubts: np.random.Generator | None = None) -> bool:
        """Whether nothing nonlinear foretells better what policies of these clusters do, by two standard errors.

        Where it is by half as many at least, pieces of one policy may pass for several linear ones (thirty episodes of
        a clipped network do), and so may what every episode does by itself where clusters have hardly two: they have
        to foretell more than one policy that is not linear then, unless all but a few episodes are of one.

        Args:
            labels: The clusters.
            doubts: Draws features of a policy that is not linear; None, as where K is told: clusters need not foretell.
        """
        self._see_about(labels)
        score = self.nonlinear(enough=DECISIVE)
        few = len(labels) - np.bincount(labels).max() < FEWEST
        single = len(np.unique(labels)) * FEWEST_EACH > len(labels)
        if few or doubts is None or (score < DOUBTFUL and not single):
            return score <= DECISIVE
        return score <= DECISIVE and foretold_more(self.part, labels, np.zeros_like(labels), doubts) > 0

    def nonlinear(self, enough: float = float("inf")) -> float:
        """Standard errors by which nonlinear policies foretell some coordinate better, as if there were no other.

        Args:
            enough: Once an action coordinate has more than so many, the others are not looked at.
        """
        variance, most = self._variance(self.part, self.steps, self.by_episode), -float("inf")
        for target in range(self.residuals.shape[1]):
            score = self._nonlinear_at(target, variance[:, target])
            most = max(most, as_if_alone(score, self.residuals.shape[1], self.part.num_episodes))
            if most > enough:
                break
        return most

    def _nonlinear_at(self, target: int, variance: Float[Tensor, "steps"]) -> float:
        """The same of one action coordinate."""
        first, width = torch.from_numpy(self.part.episode_starts), self.steps.inputs.shape[1]
        seen = torch.cat([self.steps.inputs, self.residuals[:, target, None], self.steps.hidden], 1)
        memory = self.by_episode.memory[self.part.episode_of_step, target]
        free = whiten_(seen, variance, memory, first, None if self.weights is None else self.weights[:, target])
        parts = free[:, width + 1 :], free[:, :width], free[:, width : width + 1]
        return foretold(*parts, self.part.episode_of_step)

    def _see_about(self, labels: Int[np.ndarray, "chosen"]) -> None:
        """Residuals beside the clusters' policies.

        Where its steps do not hold an episode's deviations against their prior, because they are at an edge or in few
        places, they lack what takes them from the policy of all episodes, and that would look nonlinear.
        """
        width, members = self.steps.inputs.shape[1], [np.flatnonzero(labels == z) for z in np.unique(labels)]
        within, between = self.within[:, :width], SCALES[-1] * self.between[:, :width]
        residuals = self._left_by_common(self.part, self.steps)
        variance, memory = self._variance(self.part, self.steps, self.by_episode), self.by_episode.memory
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
            precision, moment = moments(self.steps.inputs, left, variance, memory, self.part, beside.weights)

    def fit(self) -> None:
        """Common policy, deviations, noise and spreads, by turns; again where noise turns out to have tails."""
        steps = self.steps
        seen, nothing = self.common_inputs(steps), torch.zeros(steps.targets.shape[1], dtype=torch.float64)
        self.by_episode = EpisodeNoise.usual(nothing, self.part.num_episodes)
        policy_of = self.common_policy(seen)
        self.common = policy_of(torch.zeros_like(steps.targets), Beside(steps.targets))
        self.rotation = self._rotation(steps.targets - seen @ self.common)
        targets = steps.targets @ self.rotation
        self.common = self.common @ self.rotation
        residuals = targets - seen @ self.common
        self.freedom = None
        self.noise = Noise.white(steps.columns.shape[1], residuals.square().mean(0))
        self.by_episode = EpisodeNoise.usual(self.noise.memory, self.part.num_episodes)
        if self.cut_off:
            self._fit_alone(seen, targets, policy_of)
        self.variances = torch.full((targets.shape[1], steps.inputs.shape[1]), 0.1, dtype=torch.float64)
        self._by_turns(steps, seen, policy_of)
        if self.leaves_noise and not self.cut_off:
            variance = self.noise.variance(steps.columns) * self.by_episode.whole(self.part)
            self.freedom = freedom_of(self.residuals / variance.sqrt())
        if self.freedom is not None:
            self._by_turns(steps, seen, policy_of)
        self._estimate_spread()

    def _by_turns(self, steps: ScaledSteps, seen: Float[Tensor, "steps width"], policy_of: Fit) -> None:
        """Common policy, deviations, noise and spreads.

        A common policy that sees what the episodes' deviations see is what they have in common, noise that lasts or is
        loud being known; one of more features is fitted to what they leave.
        """
        targets, linear = steps.targets @ self.rotation, seen is steps.inputs
        for turn in range(ROUNDS_BY_WEIGHTS if self.weighs else ROUNDS):
            precision, moment, _, _ = self._moments(self.part, steps, self.by_episode)
            self.variances = spread(precision, moment, self.variances)
            if linear:
                shift = common_to_all(precision, moment, self.variances)
                self.common = self.common + shift.T
                moment = moment - torch.einsum("napq,aq->nap", precision, shift)
            mean, covariance = posterior(precision, moment, self.variances)
            degrees = degrees_of(precision, covariance)
            deviations = self._of_steps(self.part, steps, mean)
            if not linear:
                means = seen @ self.common
                self.common = policy_of(means, self._beside(steps, targets - deviations - means))
            beside = self._beside(steps, targets - deviations - seen @ self.common)
            self.residuals, self.weights = beside.residuals, beside.weights
            scaled = beside.residuals / self.noise.variance(steps.columns).sqrt()
            self.by_episode = self._noise_of(scaled, beside.weights, self.part, degrees, None)
            whole = self.by_episode.whole(self.part)
            fitted = degrees.mean(0) if turn else torch.full_like(degrees[0], float("inf"))
            left = (1 - degrees.sum(0) / beside.count).clamp(min=LEAST)
            expected, squares = beside.expected / whole.sqrt(), beside.expected_squares / whole
            self.noise = Noise.of(steps.columns, expected, self.part.episode_starts, fitted, squares)
            self.noise.weights[0] -= left.log()

    def _rotation(self, residuals: Float[Tensor, "steps targets"]) -> Float[Tensor, "targets kept"]:
        """What makes residuals uncorrelated; edges are those of single coordinates, which are only scaled then."""
        rotation = decorrelated(residuals)
        self.cut_off = bool(self.steps.side.any()) and rotation.shape[0] == rotation.shape[1]
        return torch.diag(1 / residuals.square().mean(0).sqrt()) if self.cut_off else rotation

    def _noise_of(
        self, left: Tensor, weights: Tensor | None, dataset: EpisodeDataset, fitted: Tensor, like: EpisodeNoise | None
    ) -> EpisodeNoise:
        """Noise of episodes; coordinates that are mostly at their edges, as buttons are, tell little of it."""
        between = torch.ones(left.shape[1], dtype=torch.bool)
        if self.cut_off:
            between = (self.steps.side == 0).double().mean(0) > MOSTLY
        return EpisodeNoise.of(left, weights, dataset, fitted, self.noise, between, between & self.leaves_noise, like)

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
        variance = self._variance(self.part, steps, self.by_episode) if variance is None else variance
        if self.freedom is not None:
            return Beside.with_tails(residuals, variance, self.freedom)
        return Beside.of(steps.side, residuals, variance)

    @property
    def weighs(self) -> bool:
        """Whether steps count less than 1: at an edge of a box (`censoring.py`), or far off (`tails.py`)."""
        return self.cut_off or self.freedom is not None

    def _estimate_spread(self) -> None:
        """Noise of the episodes, and the spread of all coefficients, those of the noise included."""
        precision, moment, self.by_episode = self._measured_beside(self.part, self.steps, self.by_episode, None)
        self.variances = spread(precision, moment, self.variances)
        self.precision, self.moment = self.measured(self.part)
        ones = torch.ones(len(self.variances), 2, dtype=torch.float64)
        self.variances = spread(self.precision, self.moment, torch.cat([self.variances, ones], 1))

    def _measured_beside(
        self, dataset: EpisodeDataset, steps: ScaledSteps, by_episode: EpisodeNoise, like: EpisodeNoise | None
    ) -> tuple[Tensor, Tensor, EpisodeNoise]:
        """X and g under some noise of the episodes, and the noise of what is left, measured `like` that of others."""
        precision, moment, beside, deviations = self._moments(dataset, steps, by_episode)
        mean, covariance = posterior(precision, moment, self.variances[:, : precision.shape[-1]])
        left = deviations + beside.residuals - self._of_steps(dataset, steps, mean)
        scaled, fitted = left / self.noise.variance(steps.columns).sqrt(), degrees_of(precision, covariance)
        return precision, moment, self._noise_of(scaled, beside.weights, dataset, fitted, like)

    def _variance(
        self, dataset: EpisodeDataset, steps: ScaledSteps, by_episode: EpisodeNoise
    ) -> Float[Tensor, "steps targets"]:
        """Of what is new in the noise of every step."""
        return self.noise.variance(steps.columns) * by_episode.news(dataset)

    def _moments(
        self, dataset: EpisodeDataset, steps: ScaledSteps, by_episode: EpisodeNoise
    ) -> tuple[Tensor, Tensor, Beside, Tensor]:
        """X and g of the coefficients of (1, s), what actions say beside deviations of the episodes, and these.

        Where actions are cut off, those of the parabolas that touch the log-likelihood at each episode's own mode.
        """
        residuals = self._left_by_common(dataset, steps)
        variance, deviations = self._variance(dataset, steps, by_episode), torch.zeros_like(residuals)
        for _ in range(ASCENTS):
            about = deviations
            beside = self._beside(steps, residuals - about, variance)
            precision, moment = moments(
                steps.inputs, about + beside.residuals, variance, by_episode.memory, dataset, beside.weights
            )
            if not self.weighs:
                break
            mean, _ = posterior(precision, moment, self.variances[:, : precision.shape[-1]])
            deviations = self._of_steps(dataset, steps, mean)
            if (deviations - about).abs().max() < SETTLED:
                break
        return precision, moment, beside, about

    def _left_by_common(self, dataset: EpisodeDataset, steps: ScaledSteps) -> Float[Tensor, "steps targets"]:
        return steps.targets @ self.rotation - self.common_inputs(steps) @ self.common

    def _of_steps(
        self, dataset: EpisodeDataset, steps: ScaledSteps, deviations: Float[Tensor, "episodes targets p"]
    ) -> Float[Tensor, "steps targets"]:
        """What the deviations of each step's episode add to its action."""
        return torch.einsum("tp,tap->ta", steps.inputs, deviations[dataset.episode_of_step])
