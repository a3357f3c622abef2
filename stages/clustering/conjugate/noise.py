"""Noise of actions: how large it is in which states, and how long it lasts.

    n_t = sqrt(v(s_t)) u_t,   u_t = rho u_(t-1) + e_t,   e_t ~ N(0, 1),   each action coordinate by itself
    log v(s) = beta^T (1, s, s^2, h(s))

`v` is fitted by gamma regression to squared residuals, `rho` is their autocorrelation within episodes. Divided by
sqrt(v) and freed of memory (Cochrane and Orcutt, 1949), steps are independent with variance 1, so that what an episode
says can be counted: noise that lasts 50 steps makes 100 steps count as the two or three that they are.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

RIDGE = 20.0  # strength of the prior of beta, in steps
LARGEST = 8.0  # of |log v| beside its mean
ROUNDS, DAMPING = 25, 0.7
LEAST = np.log(1e-8)  # log v of policies without noise, in units of what actions differ in
ALWAYS = 1 - 1e-6  # autocorrelation of what never moves: an episode's own, no noise
MOST_STEPS = 20_000  # that the scale is fitted to
MEMORY, LONGEST_MEMORY = 0.05, 0.99  # autocorrelations below count as none, above as this


@dataclass(frozen=True)
class Noise:
    """Noise scale and memory of each action coordinate.

    Attributes:
        weights: beta, for the columns given to `variance`.
        memory: rho.
    """

    weights: Float[Tensor, "columns targets"]
    memory: Float[Tensor, "targets"]

    @classmethod
    def white(cls, columns: int, variances: Float[Tensor, "targets"]) -> Noise:
        """Noise without memory, the same in all states."""
        weights = torch.zeros(columns, len(variances), dtype=torch.float64)
        weights[0] = variances.log()
        return cls(weights, torch.zeros(len(variances), dtype=torch.float64))

    @classmethod
    def of(
        cls,
        columns: Float[Tensor, "steps columns"],
        residuals: Float[Tensor, "steps targets"],
        starts: Int[np.ndarray, "episodes"],
        fitted: Float[Tensor, "targets"],
        squares: Float[Tensor, "steps targets"],
    ) -> Noise:
        """The noise of residuals.

        Args:
            columns: What log v is linear in; the first is the constant.
            residuals: Actions less their mean.
            starts: First rows of the episodes.
            fitted: Parameters that each episode was fitted with, on average: they hide some of the memory.
            squares: What is expected of their squares.
        """
        rows = slice(None, None, -(-len(residuals) // MOST_STEPS))
        weights = _gamma_regression(columns[rows], squares[rows])
        scaled = residuals / (columns @ weights).clamp(-60, 60).div(2).exp()
        return cls(weights, memory_of(scaled, starts, fitted))

    def variance(self, columns: Float[Tensor, "steps columns"]) -> Float[Tensor, "steps targets"]:
        """v(s) of every step."""
        return (columns @ self.weights).clamp(LEAST, 60).exp()


def whiten_(
    values: Float[Tensor, "steps width"],
    variance: Float[Tensor, "steps"],
    memory: Float[Tensor, "#steps"] | Float[Tensor, ""],
    first: Int[Tensor, "episodes"],
    weights: Float[Tensor, "steps"] | None = None,
) -> Float[Tensor, "steps width"]:
    """Divide rows by the noise scale of one action coordinate and free them of its memory, in place.

    All features of all steps are where memory peaks: copies took a third more.

    Args:
        values: The rows, which are returned.
        variance: v of each.
        memory: rho of each.
        first: Rows at which episodes start.
        weights: What each row counts, if not 1; what counts nothing leaves no memory.
    """
    memory = memory.expand(len(values))[:, None]
    less = (1 - memory**2).sqrt()
    values /= variance.sqrt()[:, None]
    if weights is None:
        begun = values[first] * less[first]
        values[1:] -= memory[1:] * values[:-1]
    else:
        root, before = weights.sqrt()[:, None], weights[:-1, None]
        begun = values[first] * root[first] * less[first]
        lasting = memory[1:] * root[1:] * before * values[:-1]
        values *= root
        values[1:] = (values[1:] - lasting) * less[1:] / (1 - memory[1:] ** 2 * before).sqrt()
    values[first] = begun
    return values


def memory_of(
    scaled: Float[Tensor, "steps targets"], starts: Int[np.ndarray, "episodes"], fitted: Float[Tensor, "targets"]
) -> Float[Tensor, "targets"]:
    """Autocorrelation within episodes of residuals over their scale; `fitted`: parameters that hide some of it."""
    memory = autocorrelation(scaled, starts)
    memory = torch.where(memory > ALWAYS, 0.0, memory)
    memory = unhidden(memory, len(scaled) / len(starts), fitted).clamp(0, LONGEST_MEMORY)
    return torch.where(memory < MEMORY, 0.0, memory)


def autocorrelation(
    values: Float[Tensor, "steps targets"], starts: Int[np.ndarray, "episodes"]
) -> Float[Tensor, "targets"]:
    """What a step has of the one before it, within episodes that start at these rows."""
    inside = torch.ones(len(values) - 1, dtype=torch.bool)
    inside[starts[1:] - 1] = False
    before, after = values[:-1][inside], values[1:][inside]
    return (before * after).sum(0) / before.square().sum(0).clamp(min=1e-300)


def unhidden(memory: Tensor, length: Tensor | float, fitted: Tensor) -> Tensor:
    """Autocorrelation of what fits of so many parameters to so many steps left residuals of.

    Residuals of a fit to T steps look (1 + 3 rho) / T less correlated than they are (Kendall, 1954).
    """
    return memory + (1 + 3 * memory) / length * (fitted / 2).clamp(max=1)


def _gamma_regression(
    columns: Float[Tensor, "steps columns"], squares: Float[Tensor, "steps targets"]
) -> Float[Tensor, "columns targets"]:
    """Weights of ``log E[squares] = columns beta``, by iteratively reweighted least squares."""
    mean = squares.mean(0) + 1e-300
    penalty = torch.full((columns.shape[1],), RIDGE, dtype=torch.float64)
    penalty[0] = 1e-6
    inverse = torch.linalg.inv(columns.T @ columns + torch.diag(penalty))
    beta = torch.zeros(columns.shape[1], squares.shape[1], dtype=torch.float64)
    for _ in range(ROUNDS):
        log_variance = (columns @ beta).clamp(-LARGEST, LARGEST)
        working = log_variance + (squares / mean / log_variance.exp() - 1).clamp(-1, 15)
        beta = beta + DAMPING * (inverse @ (columns.T @ working) - beta)
    beta[0] += (squares / (columns @ beta).clamp(-60, 60).exp()).mean(0).log()
    return beta
