"""Softmax regression with offsets and a ridge, for many features and few choices.

Newton steps under the bound ``(I - 1 1^T / C) / 2`` of every step's curvature (Boehning, 1992): one factorisation
serves all iterations, and no step can overshoot.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

STRENGTHS = (1.0, 10.0, 100.0, 1000.0)  # of the ridge; that which foretells other episodes best is taken
FOLDS, ITERATIONS = 3, 40


class SoftmaxRegression:
    """``p = softmax(features W + offsets)``.

    Args:
        features: The first is the constant, which is not penalised.
        chosen: Unit vectors of the choices.
        episode_of_step: Episodes are left out together where the ridge is chosen.
    """

    def __init__(
        self,
        features: Float[Tensor, "steps features"],
        chosen: Float[Tensor, "steps choices"],
        episode_of_step: Int[np.ndarray, "steps"],
    ) -> None:
        fold, nothing = torch.from_numpy(episode_of_step) % FOLDS, torch.zeros_like(chosen)
        empty = torch.zeros(features.shape[1], chosen.shape[1], dtype=torch.float64)
        losses = []
        for self.strength in STRENGTHS:
            loss = 0.0
            for f in range(FOLDS):
                seen, left_out, self.weights = fold != f, fold == f, empty
                self.fit(features[seen], chosen[seen], nothing[seen])
                loss -= float((self.logits(features[left_out]) * chosen[left_out]).sum())
            losses.append(loss)
        self.strength, self.weights = STRENGTHS[int(np.argmin(losses))], empty

    def fit(
        self, features: Float[Tensor, "steps features"], chosen: Float[Tensor, "steps choices"], offsets: Tensor
    ) -> None:
        """Weights of highest posterior probability, beginning at those of the last fit."""
        ridge = torch.full((features.shape[1],), self.strength, dtype=torch.float64)
        ridge[0] = 1e-3
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
