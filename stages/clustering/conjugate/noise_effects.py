"""Episodes differ in their noise, too: in how loud it is, and in how long it lasts.

    n_t = sqrt(v(s_t) exp(l_i)) u_t,   u_t = rho_i u_(t-1) + e_t   in episode i

each action coordinate by itself. The loudness l_i and the memory, as z_i = arcsin rho_i, are random effects as
coefficients of policies are (`deviations.py`): normal over the episodes, with a spread of highest marginal likelihood,
and shrunk to what is usual by how little the steps of an episode say, whose errors have the variances

    Var l = (kurtosis - 1) / T,   Var z = 1 / T

So steps of a loud episode count less, and nothing changes where episodes do not differ. What was measured tells
policies apart, too, as two more coefficients of each action coordinate; where coordinates are loud together, that
counts once, since the axes are those along which episodes are uncorrelated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.clustering.conjugate.deviations import SMALLEST, spread
from stages.clustering.conjugate.noise import ALWAYS, LONGEST_MEMORY, Noise, unhidden, whiten_
from stages.datasets.episodes import EpisodeDataset

LOUDEST = 8.0  # of |l|
FASTEST_CHANGE = -0.95  # smallest rho
FEWEST_DEGREES = 0.05  # steps that tell of noise, whatever was fitted
USUAL = 2.0  # steps of the usual noise that each episode begins with where steps have weights: some have none that tell
LEAST_KNOWN = 1e-6  # information, below which nothing is known
START = 0.1  # of the spread


@dataclass(frozen=True)
class Measured:
    """One number of each episode and action coordinate, and how well it is known.

    Attributes:
        values: The numbers.
        information: Inverse variances of their errors.
    """

    values: Float[Tensor, "episodes targets"]
    information: Float[Tensor, "episodes targets"]


@dataclass(frozen=True)
class Population:
    """How such numbers are distributed over the episodes.

    Attributes:
        usual: Mean.
        spread: Variance.
    """

    usual: Float[Tensor, "targets"]
    spread: Float[Tensor, "targets"]

    @classmethod
    def of(cls, measured: Measured) -> Population:
        """The population that these episodes are of."""
        information = measured.information
        usual = (information * measured.values).sum(0) / information.sum(0).clamp(min=1e-300)
        beside = measured.values - usual
        start = torch.full((len(usual), 1), START, dtype=torch.float64)
        variance = spread(information[..., None, None], (information * beside)[..., None], start)[:, 0]
        return cls(usual, variance)

    @property
    def differs(self) -> Bool[Tensor, "targets"]:
        """Of which targets episodes differ at all."""
        return self.spread > 2 * SMALLEST

    def shrunk(self, measured: Measured) -> Float[Tensor, "episodes targets"]:
        """What each episode has beside the usual, as far as its steps tell; nothing where episodes do not differ."""
        ratio = torch.where(self.differs, self.spread, 0.0) * measured.information
        return (measured.values - self.usual) * ratio / (1 + ratio)


@dataclass(frozen=True)
class EpisodeNoise:
    """Noise of each episode.

    Attributes:
        measured: Loudness and memory z of every episode, by its own steps.
        populations: What all episodes that these are measured against have of both.
        error: Variance of the loudness times the steps that tell of it.
        loudness: l, shrunk, beside the usual v.
        memory: rho, shrunk.
        axes: Combinations of both of all targets that are uncorrelated over episodes.
        lasts: Of which targets what lasts is noise, so that what is new in it is all that a step says.
    """

    measured: tuple[Measured, Measured]
    populations: tuple[Population, Population]
    error: Float[Tensor, "targets"]
    loudness: Float[Tensor, "episodes targets"]
    memory: Float[Tensor, "episodes targets"]
    axes: Float[Tensor, "numbers axes"]
    lasts: Bool[Tensor, "targets"]

    @classmethod
    def usual(cls, memory: Float[Tensor, "targets"], num_episodes: int) -> EpisodeNoise:
        """Of episodes that do not differ."""
        nothing = torch.zeros(num_episodes, len(memory), dtype=torch.float64)
        population, measured = Population(nothing[0], nothing[0]), Measured(nothing, nothing)
        axes = torch.eye(2 * len(memory), dtype=torch.float64)
        episodes, lasts = memory.expand(num_episodes, -1), torch.ones(len(memory), dtype=torch.bool)
        return cls((measured, measured), (population, population), nothing[0], nothing, episodes, axes, lasts)

    @classmethod
    def of(
        cls,
        left: Float[Tensor, "steps targets"],
        weights: Float[Tensor, "steps targets"] | None,
        dataset: EpisodeDataset,
        fitted: Float[Tensor, "episodes targets"],
        noise: Noise,
        between: Bool[Tensor, "targets"],
        lasts: Bool[Tensor, "targets"],
        like: EpisodeNoise | None = None,
    ) -> EpisodeNoise:
        """What residuals say.

        Args:
            left: What policies leave of the actions, over the usual scale sqrt(v).
            weights: What each counts; None: 1.
            dataset: The episodes.
            fitted: Parameters that each was fitted with.
            noise: Usual scale and memory.
            between: Which targets take values between their edges; of others nothing tells of noise.
            lasts: As the attribute.
            like: The episodes whose populations these are measured against; None: their own.
        """
        memories = _memories(left if weights is None else left * weights, dataset, fitted, between)
        of_memory = Population.of(memories) if like is None else like.populations[1]
        lasting = torch.sin(of_memory.usual + of_memory.shrunk(memories)).clamp(0, LONGEST_MEMORY)
        memory = torch.where(of_memory.differs, lasting, noise.memory)
        sums, degrees, fourth = _squares(left, weights, dataset, fitted, memory)
        error = fourth.clamp(3, 30) - 1 if like is None else like.error
        loudness = Measured((sums / degrees).clamp(min=1e-9).log(), between * degrees / error)
        of_loudness = Population.of(loudness) if like is None else like.populations[0]
        shrunk = torch.where(lasts, of_loudness.usual, 0.0) + of_loudness.shrunk(loudness).clamp(-LOUDEST, LOUDEST)
        measured, populations = (loudness, memories), (of_loudness, of_memory)
        axes = uncorrelated(*_both(measured, populations)) if like is None else like.axes
        return cls(measured, populations, error, shrunk, memory, axes, lasts)

    def news(self, dataset: EpisodeDataset) -> Float[Tensor, "steps targets"]:
        """What v of each step is multiplied by: the variance of what is new in its noise."""
        return self.loudness.exp()[dataset.episode_of_step]

    def whole(self, dataset: EpisodeDataset) -> Float[Tensor, "steps targets"]:
        """The same of all of its noise, which lasts."""
        lasting = torch.where(self.lasts, self.memory, 0.0)
        return (self.loudness.exp() / (1 - lasting.square()))[dataset.episode_of_step]

    def with_coefficients(
        self, precision: Float[Tensor, "episodes targets p p"], moment: Float[Tensor, "episodes targets p"]
    ) -> tuple[Tensor, Tensor]:
        """X and g with loudness and memory as further coefficients of every action coordinate."""
        beside, information = _both(self.measured, self.populations)
        errors = (1 / information.clamp(min=1e-12)) @ self.axes.square()
        information = torch.where(errors > 0, 1 / errors, 0.0)
        summed, width = information * (beside @ self.axes), precision.shape[-1]
        precision, moment = torch.nn.functional.pad(precision, (0, 2, 0, 2)), torch.nn.functional.pad(moment, (0, 2))
        for number, (of_axes, moments) in enumerate(
            zip(information.chunk(2, 1), summed.chunk(2, 1), strict=True), width
        ):
            precision[:, :, number, number], moment[:, :, number] = of_axes, moments
        return precision, moment


def uncorrelated(
    beside: Float[Tensor, "episodes numbers"], information: Float[Tensor, "episodes numbers"]
) -> Float[Tensor, "numbers axes"]:
    """Combinations of numbers that are uncorrelated over episodes, with errors of variance 1 on average."""
    unit = information.mean(0).sqrt()
    axes = unit[:, None] * torch.linalg.eigh((beside * unit).T @ (beside * unit))[1]
    return torch.where(axes.square().sum(0) > LEAST_KNOWN, axes, 0.0)


def _both(
    measured: tuple[Measured, Measured], populations: tuple[Population, Population]
) -> tuple[Float[Tensor, "episodes numbers"], Float[Tensor, "episodes numbers"]]:
    """Loudness and memory of all targets beside what is usual, and how well they are known."""
    beside = [each.values - population.usual for each, population in zip(measured, populations, strict=True)]
    return torch.cat(beside, 1), torch.cat([each.information for each in measured], 1)


def _memories(
    left: Float[Tensor, "steps targets"],
    dataset: EpisodeDataset,
    fitted: Float[Tensor, "episodes targets"],
    between: Bool[Tensor, "targets"],
) -> Measured:
    """Autocorrelation of each episode's residuals, transformed so that its error does not depend on it."""
    episode, first = torch.from_numpy(dataset.episode_of_step), torch.from_numpy(dataset.episode_starts)
    products, before = torch.zeros_like(left), left.square()
    products[1:] = left[1:] * left[:-1]
    products[first], before[torch.from_numpy(dataset.episode_ends) - 1] = 0.0, 0.0
    lengths = torch.from_numpy(dataset.episode_lengths.astype(np.float64))[:, None]
    squares = torch.zeros_like(fitted).index_add_(0, episode, before)
    raw = torch.zeros_like(fitted).index_add_(0, episode, products) / squares.clamp(min=1e-300)
    moves = (raw <= ALWAYS) & (squares > 1e-200) & between
    memory = torch.where(moves, unhidden(raw, lengths, fitted), 0.0).clamp(FASTEST_CHANGE, LONGEST_MEMORY)
    degrees = (lengths - fitted).clamp(min=FEWEST_DEGREES)
    return Measured(memory.asin(), torch.where(moves, degrees, 0.0))


def _squares(
    left: Float[Tensor, "steps targets"],
    weights: Float[Tensor, "steps targets"] | None,
    dataset: EpisodeDataset,
    fitted: Float[Tensor, "episodes targets"],
    memory: Float[Tensor, "episodes targets"],
) -> tuple[Tensor, Tensor, Tensor]:
    """Sum of squares of each episode's residuals, freed of memory, degrees of freedom, and kurtosis of each target."""
    episode, first = torch.from_numpy(dataset.episode_of_step), torch.from_numpy(dataset.episode_starts)
    free = [
        whiten_(
            column.clone(), torch.ones(len(left)), of_target, first, None if weights is None else weights[:, target]
        )
        for target, (column, of_target) in enumerate(zip(left.split(1, 1), memory[episode].T, strict=True))
    ]
    white = torch.cat(free, 1)
    lengths, sums = torch.from_numpy(dataset.episode_lengths.astype(np.float64))[:, None], torch.zeros_like(fitted)
    if weights is not None:
        lengths, sums = torch.zeros_like(fitted).index_add_(0, episode, weights) + USUAL, sums + USUAL
    sums.index_add_(0, episode, white.square())
    scale = (sums / lengths).clamp(min=1e-300).sqrt()
    fourth = (white / scale[episode]).pow(4).mean(0).nan_to_num(3.0)
    return sums, (lengths - fitted).clamp(min=FEWEST_DEGREES), fourth
