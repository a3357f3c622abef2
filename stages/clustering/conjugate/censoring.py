"""Actions at the edge of a box: the policy asked for that much or more (Tobit regression; Tobin, 1958).

What a policy asked for beyond the edge is not in the data. Taken at its word, a linear policy that is clipped is not
linear, and every region of states in which it is clipped looks like another policy's. A step at the edge L says
``a* >= L``, whose log-likelihood ``log Phi(-alpha)``, ``alpha = (L - mean) / sigma``, is as good as that of an
observed action near the mode (Fisher scoring), with

    lambda = phi(alpha) / Phi(-alpha),   weight = lambda (lambda - alpha),   action = mean + sigma / (lambda - alpha)

so a step far beyond the edge counts nothing, and one at which the policy should have done something else counts whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.clustering.conjugate.tails import tail_weights

LEAST = 0.005  # share of a coordinate's steps at an edge; fewer, or one alone, are chance
WEIGHTLESS = 1e-6  # smallest weight of a step, so that it can be divided by
FARTHEST = 30.0  # standard deviations from the edge


@dataclass(frozen=True)
class Edges:
    """Lowest and highest action of each coordinate; infinite where they are no edges."""

    lowest: Float[np.ndarray, "coordinates"]
    highest: Float[np.ndarray, "coordinates"]

    @classmethod
    def of(cls, actions: Float[np.ndarray, "steps coordinates"], starts: Int[np.ndarray, "episodes"]) -> Edges:
        """The edges that actions show: extremes that occur again and again, and that episodes come to or leave.

        Where a coordinate never moves in any episode that is at an extreme, its value is chosen, not cut off.
        """
        least = max(LEAST, 1.5 / len(actions))
        lengths = np.diff(np.append(starts, len(actions)))

        def edge(extreme: Float[np.ndarray, "coordinates"]) -> Bool[np.ndarray, "coordinates"]:
            there = actions == extreme
            in_episodes = np.add.reduceat(there, starts, dtype=np.int64)
            return (there.mean(0) >= least) & ((in_episodes > 0) & (in_episodes < lengths[:, None])).any(0)

        lowest, highest = actions.min(0), actions.max(0)
        return cls(np.where(edge(lowest), lowest, -np.inf), np.where(edge(highest), highest, np.inf))

    def side(self, actions: Float[np.ndarray, "steps coordinates"]) -> Int[Tensor, "steps coordinates"]:
        """1 for steps at the upper edge, -1 at the lower one, 0 between them."""
        return torch.from_numpy((actions >= self.highest).astype(np.int64) - (actions <= self.lowest))


@dataclass(frozen=True)
class Beside:
    """What recorded actions say beside a policy.

    Attributes:
        residuals: Actions less the policy's mean; of those at an edge, of the parabola that touches the log-likelihood.
        weights: What each counts; None: 1.
        squares: What is expected of the squares of the residuals, beyond the edge too.
    """

    residuals: Float[Tensor, "steps targets"]
    weights: Float[Tensor, "steps targets"] | None = None
    squares: Float[Tensor, "steps targets"] | None = None

    @classmethod
    def of(
        cls,
        side: Int[Tensor, "steps targets"],
        residuals: Float[Tensor, "steps targets"],
        variance: Float[Tensor, "steps targets"],
    ) -> Beside:
        """Beside a policy that leaves `residuals` of the recorded actions, with noise of some variance."""
        scale, at_edge = variance.sqrt(), side != 0
        alpha = (side * residuals / scale).clamp(-FARTHEST, FARTHEST)
        hazard = (-alpha.square() / 2 - np.log(np.sqrt(2 * np.pi)) - torch.special.log_ndtr(-alpha)).exp()
        ahead = (hazard - alpha).clamp(min=1 / (2 * FARTHEST))
        return cls(
            torch.where(at_edge, side * scale / ahead, residuals),
            torch.where(at_edge, (hazard * ahead).clamp(WEIGHTLESS, 1.0), 1.0),
            torch.where(at_edge, variance * (1 + alpha * hazard).clamp(min=0), residuals.square()),
        )

    @classmethod
    def with_tails(
        cls, residuals: Float[Tensor, "steps targets"], variance: Float[Tensor, "steps targets"], freedom: float
    ) -> Beside:
        """The same where noise is Student's t (`tails.py`)."""
        weights = tail_weights(residuals, variance, freedom)
        return cls(residuals, weights, weights * residuals.square())

    @property
    def expected(self) -> Float[Tensor, "steps targets"]:
        """What is expected of the residuals, beyond the edge too."""
        return self.residuals if self.weights is None else self.residuals * self.weights

    @property
    def expected_squares(self) -> Float[Tensor, "steps targets"]:
        """What is expected of their squares."""
        return self.residuals.square() if self.squares is None else self.squares

    @property
    def count(self) -> Float[Tensor, "targets"] | int:
        """What all of them count."""
        return len(self.residuals) if self.weights is None else self.weights.sum(0)
