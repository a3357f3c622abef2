"""Softmax regression with offsets and a ridge, for many features and few choices.

Newton steps under the bound ``(I - 1 1^T / C) / 2`` of every step's curvature (Boehning, 1992): one factorisation
serves all iterations, and no step can overshoot.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

STRENGTHS = (1e6, 1e3, 1e2, 1e1)  # of the ridge; with the first, nothing but the inputs is used
OF_INPUTS = 1.0
FOLDS, ITERATIONS = 3, 40


class SoftmaxRegression:
    """``p = softmax(features W + offsets)``, linear to begin with.

    Args:
        features: The first is the constant, which is not penalised.
        num_inputs: So many features, the constant among them, have a weak ridge; the others that of `strength`.
        num_choices: What is chosen from.
    """

    def __init__(self, features: Float[Tensor, "steps features"], num_inputs: int, num_choices: int) -> None:
        self.features, self.num_inputs, self.strength = features, num_inputs, STRENGTHS[0]
        self.weights = torch.zeros(features.shape[1], num_choices, dtype=torch.float64)

    def choose_strength(
        self, chosen: Float[Tensor, "steps choices"], offsets: Tensor, episode_of_step: Int[np.ndarray, "steps"]
    ) -> None:
        """The strength that foretells other episodes best, a third of them left out at a time."""
        fold, kept = torch.from_numpy(episode_of_step) % FOLDS, self.weights
        losses = np.zeros(len(STRENGTHS))
        for f in range(FOLDS):
            seen, left_out, self.weights = fold != f, fold == f, torch.zeros_like(kept)
            for number, self.strength in enumerate(STRENGTHS):  # each begins where the stronger one ended
                self.fit(chosen[seen], offsets[seen], seen)
                losses[number] -= float(
                    (self.logits(self.features[left_out], offsets[left_out]) * chosen[left_out]).sum()
                )
        self.strength, self.weights = STRENGTHS[int(np.argmin(losses))], kept

    def fit(self, chosen: Float[Tensor, "seen choices"], offsets: Tensor, seen: Tensor | slice = slice(None)) -> None:
        """Weights of highest posterior probability, beginning at those of the last fit.

        Args:
            chosen: Unit vectors of the choices.
            offsets: What is added to the logits.
            seen: Which steps these are.
        """
        features = self.features[seen]
        ridge = torch.full((features.shape[1],), self.strength, dtype=torch.float64)
        ridge[0], ridge[1 : self.num_inputs] = 1e-3, OF_INPUTS
        lower = torch.linalg.cholesky(features.T @ features / 2 + torch.diag(ridge))
        for _ in range(ITERATIONS):
            slope = features.T @ (chosen - self.probabilities(features, offsets)) - ridge[:, None] * self.weights
            self.weights = self.weights + torch.cholesky_solve(slope, lower)

    def logits(self, features: Float[Tensor, "steps features"], offsets: Tensor | float = 0.0) -> Tensor:
        """Logarithms of the probabilities."""
        return torch.log_softmax(features @ self.weights + offsets, 1)

    def probabilities(self, features: Float[Tensor, "steps features"], offsets: Tensor | float = 0.0) -> Tensor:
        """Probabilities of every step."""
        return torch.softmax(features @ self.weights + offsets, 1)
