"""Linear policies with random effects, as a family of conjugate policies (`deviations.py` has the model and formulas).

What every episode says is measured against everything else that the data show: the policy of all episodes together,
the scale and memory of the noise, how much episodes differ in each coefficient. So nothing depends on units, steps that
repeat each other count once, and coordinates in which episodes do not differ count nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.deviations import (
    MOST_COEFFICIENTS,
    SCALES,
    UNKNOWN_SPREAD,
    absorbed,
    group_evidence,
    posterior,
    spread,
    spread_within,
)
from stages.clustering.conjugate.linearity import DECISIVE, foretold
from stages.clustering.conjugate.noise import Noise
from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics
from stages.clustering.conjugate.scaled_steps import ScaledSteps, decorrelated, least_squares
from stages.datasets.episodes import EpisodeDataset

ROUNDS = 4  # of fitting the common policy, the episodes' deviations and the noise in turn
LEAST = 0.05  # share of steps that remain to estimate the noise from, whatever was fitted
CONCENTRATION = -3.0  # logarithm
CHUNK = 64  # episodes looked at together
FIRST_LOOK, CLEARLY = 16, 1.5 * DECISIVE  # episodes that may say that policies are not linear, and how clearly


class MixedPolicies(ConjugatePolicies):
    """Linear policies with random effects.

    Args:
        dataset: Episodes with continuous actions.
        generator: Draws the features that noise depends on.
        chosen: Episodes that the common policy, the noise and the spreads are estimated from.

    Attributes:
        residuals: What the common policy and the deviations of the chosen episodes leave of their actions.
        prefers: Whether the number of clusters is to be found, so that partitions have a prior.
    """

    def __init__(
        self, dataset: EpisodeDataset, generator: np.random.Generator, chosen: Int[np.ndarray, "chosen"]
    ) -> None:
        self.dataset, self.chosen, self.prefers = dataset, chosen, True
        self.part = dataset.select(chosen)
        self.steps = ScaledSteps(self.part, generator)
        self.affordable_episodes = len(chosen)
        self._fit()
        totals = self.precision.diagonal(dim1=2, dim2=3).sum(0)
        self.between = torch.maximum(self.variances, 1 / totals.clamp(min=1e-12))
        informed = (totals * self.between).argsort(1, descending=True)
        self.used = [order[:MOST_COEFFICIENTS].sort().values for order in informed]
        self.within = UNKNOWN_SPREAD * self.variances

    def statistics(self, episodes: Int[np.ndarray, "chosen"]) -> Statistics:
        return self._reduced(*self._measured(self.dataset.select(episodes)))

    def evidence(self, statistics: Statistics) -> Float[Tensor, "groups"]:
        by_scale = torch.zeros(len(statistics), len(SCALES), dtype=torch.float64)
        at = 0
        for target, used in enumerate(self.used):
            size = len(used)
            precision = statistics[:, at : at + size**2].reshape(-1, size, size)
            moment = statistics[:, at + size**2 : at + size**2 + size]
            by_scale += group_evidence(precision, moment, self.between[target, used])
            at += size**2 + size
        count = statistics[:, at]
        found = torch.logsumexp(by_scale, 1) - np.log(len(SCALES))
        return found + CONCENTRATION + torch.lgamma(count.clamp(min=1)) if self.prefers else found

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

    def log_likelihood_of(self, labels: Int[np.ndarray, "chosen"]) -> float:
        """Evidence of a partition of the chosen episodes, comparable between spreads within clusters."""
        statistics = self._reduced(self.precision, self.moment)
        clusters = torch.stack([statistics[labels == z].sum(0) for z in np.unique(labels)])
        of_episodes = sum(
            absorbed(*self._of_target(self.precision, self.moment, target), self.within[target, used])[2].sum()
            for target, used in enumerate(self.used)
        )
        return float(self.evidence(clusters).sum() + of_episodes)

    def settle(self, labels: Int[np.ndarray, "chosen"] | None) -> None:
        """Estimate the spread within clusters from a partition of the chosen episodes; None: they are all one."""
        if labels is None:
            self.within = self.variances.clone()
            return
        self.within = self.within.clone()
        members = [torch.from_numpy(np.flatnonzero(labels == z)) for z in np.unique(labels)]
        for target, used in enumerate(self.used):
            parts = self._of_target(self.precision, self.moment, target)
            spreads = self.variances[target, used], self.within[target, used]
            self.within[target, used] = spread_within(*parts, *spreads, members)

    def total(self, labels: Int[np.ndarray, "episodes"], num_clusters: int) -> Float[Tensor, "clusters width"]:
        sums = torch.zeros(num_clusters, sum(len(u) ** 2 + len(u) for u in self.used) + 1, dtype=torch.float64)
        labelled = np.flatnonzero(labels >= 0)
        for episodes in np.array_split(labelled, -(-len(labelled) // CHUNK)):
            sums.index_add_(0, torch.from_numpy(labels[episodes]), self.statistics(episodes))
        return sums

    def log_likelihood(
        self, dataset: EpisodeDataset, clusters: Float[Tensor, "clusters width"]
    ) -> Float[Tensor, "episodes clusters"]:
        """What each episode adds to the evidence of the clusters."""
        alone, parts = self.evidence(clusters), []
        for episodes in np.array_split(np.arange(dataset.num_episodes), -(-dataset.num_episodes // CHUNK)):
            statistics = self._reduced(*self._measured(dataset.select(episodes)))
            grown = self.evidence((statistics[:, None] + clusters).flatten(0, 1))
            parts.append(grown.view(len(episodes), -1) - alone)
        return torch.cat(parts)

    def _fit(self) -> None:
        """Common policy, deviations, noise and spreads, by turns."""
        steps = self.steps
        self.common = least_squares(steps.inputs, steps.targets)
        self.rotation = decorrelated(steps.targets - steps.inputs @ self.common)
        targets = steps.targets @ self.rotation
        self.common = self.common @ self.rotation
        residuals = targets - steps.inputs @ self.common
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
            self.common = least_squares(steps.inputs, targets - deviations)
            self.residuals = targets - deviations - steps.inputs @ self.common
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
        self.precision, self.moment = self._measured(self.part, self.steps)
        self.variances = spread(self.precision, self.moment, torch.cat([self.variances, tenth], 1))

    def _measured(self, dataset: EpisodeDataset, steps: ScaledSteps | None = None) -> tuple[Tensor, Tensor]:
        """X and g of every episode; the last coefficient is the logarithm of the noise level."""
        steps = steps or self.steps.of(dataset)
        precision, moment, white = self._moments(dataset, steps, steps.targets @ self.rotation)
        known = precision.shape[-1]
        level, degrees, _ = self._levels(dataset, precision, moment, white)
        information = degrees / self.level_error
        precision = torch.nn.functional.pad(precision, (0, 1, 0, 1))
        precision[:, :, known, known] = information
        return precision, torch.cat([moment, (information * (level - self.level))[..., None]], 2)

    def _moments(
        self, dataset: EpisodeDataset, steps: ScaledSteps, targets: Tensor
    ) -> tuple[Tensor, Tensor, list[Tensor]]:
        """X and g of the coefficients of (1, s), and the whitened inputs and residuals of each action coordinate."""
        residuals, variance = targets - steps.inputs @ self.common, self.noise.variance(steps.columns)
        first, bounds = torch.from_numpy(dataset.episode_starts), dataset.episode_lengths.tolist()
        precisions, moments, white = [], [], []
        for target in range(targets.shape[1]):
            both = torch.cat([steps.inputs, residuals[:, target : target + 1]], 1)
            free = self.noise.whiten(both, variance[:, target], target, first)
            products = torch.stack([episode.T @ episode for episode in free.split(bounds)])
            precisions.append(products[:, :-1, :-1])
            moments.append(products[:, :-1, -1])
            white.append(free)
        return torch.stack(precisions, 1), torch.stack(moments, 1), white

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

    def _reduced(self, precision: Tensor, moment: Tensor) -> Statistics:
        """Lambda and eta of every episode and action coordinate, flat, and the number of episodes: 1."""
        return torch.cat([*self._flat(precision, moment), torch.ones(len(moment), 1, dtype=torch.float64)], 1)

    def _flat(self, precision: Tensor, moment: Tensor) -> Iterator[Tensor]:
        for target, used in enumerate(self.used):
            parts = self._of_target(precision, moment, target)
            reduced, remaining, _ = absorbed(*parts, self.within[target, used])
            yield reduced.flatten(1)
            yield remaining

    def _of_target(self, precision: Tensor, moment: Tensor, target: int) -> Sequence[Tensor]:
        used = self.used[target]
        return precision[:, target][:, used][:, :, used], moment[:, target][:, used]


def if_linear(
    dataset: EpisodeDataset, draws: Callable[[], np.random.Generator], order: Int[np.ndarray, "chosen"]
) -> MixedPolicies | None:
    """The model of the episodes named in `order`, None where something nonlinear foretells their actions better.

    Most networks can be told from linear policies by the first few episodes, at a fraction of what all of them cost.

    Args:
        dataset: Episodes with continuous actions.
        draws: Makes the generator of the features that noise depends on.
        order: Numbers of the episodes to estimate from, in random order.
    """
    if len(order) >= 2 * FIRST_LOOK:
        first = MixedPolicies(dataset, draws(), np.sort(order[:FIRST_LOOK]))
        if first.nonlinear(enough=CLEARLY) > CLEARLY:
            return None
    policies = MixedPolicies(dataset, draws(), np.sort(order))
    return policies if policies.nonlinear(enough=DECISIVE) <= DECISIVE else None
