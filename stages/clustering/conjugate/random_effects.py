"""Policies with random effects, whatever their actions are (`deviations.py` has the model and formulas).

What every episode says is measured against everything else that the data show: the policy of all episodes together,
the scale and memory of the noise, how much episodes differ in each coefficient. So nothing depends on units, steps that
repeat each other count once, and coordinates in which episodes do not differ count nothing.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.deviations import (
    SCALES,
    UNKNOWN_SPREAD,
    absorbed,
    group_evidence,
    spread_within,
)
from stages.clustering.conjugate.noise import whiten_
from stages.clustering.conjugate.policies import ConjugatePolicies, Statistics
from stages.clustering.conjugate.scaled_steps import ScaledSteps, varying
from stages.datasets.episodes import EpisodeDataset

CHUNK = 64  # episodes looked at together
FEWEST_MEASURED = 8  # episodes from which the spread of policies is estimated
STEPS_PER_COEFFICIENT = 10


class RandomEffects(ConjugatePolicies):
    """Policies of a common part, a part of their cluster and a part of the episode.

    Args:
        dataset: The episodes.
        generator: Draws the random features of a step.
        chosen: Episodes that the common policy, the noise and the spreads are estimated from.

    Attributes:
        most_coefficients: Of a target; those that the data say most about.
        precision, moment: X and g of the chosen episodes, for each target (`measured`).
        variances: Psi, the spread of the episodes, for each target and coefficient.
        within: Omega, the spread within clusters, likewise.
    """

    most_coefficients = 24
    precision: Float[Tensor, "chosen targets p p"]
    moment: Float[Tensor, "chosen targets p"]
    variances: Float[Tensor, "targets p"]
    within: Float[Tensor, "targets p"]

    def __init__(
        self, dataset: EpisodeDataset, generator: np.random.Generator, chosen: Int[np.ndarray, "chosen"]
    ) -> None:
        self.dataset, self.chosen, self.prefers = dataset, chosen, True
        self.part = dataset.select(chosen)
        self.affordable_episodes = len(chosen)
        self.steps = ScaledSteps(self.part, generator)
        self.fit()
        self._choose_coefficients()

    @abstractmethod
    def fit(self) -> None:
        """Estimate the common policy, the noise and the spread of the chosen episodes."""

    @abstractmethod
    def measured(self, dataset: EpisodeDataset) -> tuple[Tensor, Tensor]:
        """X and g of every episode: `[episodes, targets, p, p]` and `[episodes, targets, p]`."""

    def suffice(self, labels: Int[np.ndarray, "chosen"], doubts: np.random.Generator | None = None) -> bool:
        """Whether policies of this family are all that is needed of the chosen episodes, clustered so."""
        return True

    def steps_of(self, dataset: EpisodeDataset) -> ScaledSteps:
        """Steps of any episodes, in the units of the chosen ones."""
        return self.steps if dataset is self.part else self.steps.of(dataset)

    def _choose_coefficients(self) -> None:
        """Keep, of every target, the coefficients that the data say most about."""
        totals = self.precision.diagonal(dim1=2, dim2=3).sum(0)
        self.between = torch.maximum(self.variances, 1 / totals.clamp(min=1e-12))
        informed = (totals * self.between).argsort(1, descending=True)
        self.used = informed[:, : self.most_coefficients].sort(1).values
        self.within = UNKNOWN_SPREAD * self.variances

    def statistics(self, episodes: Int[np.ndarray, "chosen"]) -> Statistics:
        if np.array_equal(episodes, self.chosen):
            return self._reduced(self.precision, self.moment)
        return self._reduced(*self.measured(self.dataset.select(episodes)))

    def evidence(self, statistics: Statistics) -> Float[Tensor, "groups"]:
        targets, size = self.used.shape
        precision = statistics[:, : targets * size**2].view(-1, targets, size, size)
        moment = statistics[:, targets * size**2 : -1].view(-1, targets, size)
        by_scale = group_evidence(precision, moment, self.between.gather(1, self.used))
        return torch.logsumexp(by_scale, 1) - np.log(len(SCALES)) + self.log_prior_of_sizes(statistics[:, -1])

    def log_likelihood_of(self, labels: Int[np.ndarray, "chosen"]) -> float:
        """Evidence of a partition of the chosen episodes, comparable between spreads within clusters."""
        statistics = self._reduced(self.precision, self.moment)
        clusters = torch.stack([statistics[labels == z].sum(0) for z in np.unique(labels)])
        of_episodes = sum(
            absorbed(*self._of_target(self.precision, self.moment, target), self.within[target, used])[2].sum()
            for target, used in enumerate(self.used)
        )
        total = float(self.evidence(clusters).sum() + of_episodes)
        return total + self.log_prior_of_number(len(clusters), len(labels))

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
        targets, size = self.used.shape
        sums = torch.zeros(num_clusters, targets * (size**2 + size) + 1, dtype=torch.float64)
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
            statistics = self._reduced(*self.measured(dataset.select(episodes)))
            grown = self.evidence((statistics[:, None] + clusters).flatten(0, 1))
            parts.append(grown.view(len(episodes), -1) - alone)
        return torch.cat(parts)

    def _reduced(self, precision: Tensor, moment: Tensor) -> Statistics:
        """Lambda and eta of every episode and action coordinate, flat, and the number of episodes: 1."""
        precisions, moments = [], []
        for target, used in enumerate(self.used):
            parts = self._of_target(precision, moment, target)
            reduced, remaining, _ = absorbed(*parts, self.within[target, used])
            precisions.append(reduced.flatten(1))
            moments.append(remaining)
        return torch.cat([*precisions, *moments, torch.ones(len(moment), 1, dtype=torch.float64)], 1)

    def _of_target(self, precision: Tensor, moment: Tensor, target: int) -> Sequence[Tensor]:
        used = self.used[target]
        return precision[:, target][:, used][:, :, used], moment[:, target][:, used]


def measurable(dataset: EpisodeDataset) -> bool:
    """Whether actions vary, and there are enough episodes and steps for linear mixed models."""
    coefficients = 1 + dataset.observations.shape[1]
    enough = dataset.num_episodes >= FEWEST_MEASURED and dataset.num_steps >= STEPS_PER_COEFFICIENT * coefficients
    return enough and bool(varying(dataset.actions.reshape(dataset.num_steps, -1).astype(np.float64)).any())


def moments(
    inputs: Float[Tensor, "steps p"],
    residuals: Float[Tensor, "steps targets"],
    variance: Float[Tensor, "steps targets"],
    memory: Float[Tensor, "episodes targets"],
    dataset: EpisodeDataset,
    weights: Float[Tensor, "steps targets"] | None = None,
) -> tuple[Float[Tensor, "episodes targets p p"], Float[Tensor, "episodes targets p"]]:
    """X and g of the coefficients of the inputs."""
    first, bounds = torch.from_numpy(dataset.episode_starts), dataset.episode_lengths.tolist()
    precisions, moments = [], []
    for target in range(residuals.shape[1]):
        both = torch.cat([inputs, residuals[:, target : target + 1]], 1)
        counted = None if weights is None else weights[:, target]
        free = whiten_(both, variance[:, target], memory[dataset.episode_of_step, target], first, counted)
        products = torch.stack([episode.T @ episode for episode in free.split(bounds)])
        precisions.append(products[:, :-1, :-1])
        moments.append(products[:, :-1, -1])
    return torch.stack(precisions, 1), torch.stack(moments, 1)
