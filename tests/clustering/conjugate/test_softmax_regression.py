"""Softmax regression agrees with scikit-learn's."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from stages.clustering.conjugate.softmax_regression import SoftmaxRegression

STEPS, CHOICES = 600, 3


def steps(seed: int = 0) -> tuple[torch.Tensor, np.ndarray, np.ndarray]:
    """Inputs with a constant, choices drawn from a softmax policy, and the episode of every step."""
    random = np.random.default_rng(seed)
    inputs = np.hstack([np.ones((STEPS, 1)), random.standard_normal((STEPS, 4))])
    logits = inputs @ random.standard_normal((5, CHOICES))
    actions = (logits + random.gumbel(size=logits.shape)).argmax(1)
    return torch.from_numpy(inputs), actions, np.arange(STEPS) // 20


def unit_vectors(actions: np.ndarray) -> torch.Tensor:
    return torch.eye(CHOICES, dtype=torch.float64)[torch.from_numpy(actions)]


def test_probabilities_are_those_of_scikit_learn():
    inputs, actions, episodes = steps()
    regression = SoftmaxRegression(inputs, unit_vectors(actions), episodes)
    for _ in range(20):  # each goes on where the last one ended
        regression.fit(inputs, unit_vectors(actions), torch.zeros(STEPS, CHOICES, dtype=torch.float64))
    reference = LogisticRegression(C=1 / regression.strength, tol=1e-10, max_iter=5000)
    reference.fit(inputs[:, 1:].numpy(), actions)
    np.testing.assert_allclose(
        regression.probabilities(inputs).numpy(), reference.predict_proba(inputs[:, 1:].numpy()), atol=1e-4
    )


def test_offsets_that_explain_everything_leave_nothing_to_fit():
    inputs, actions, episodes = steps()
    chosen, regression = unit_vectors(actions), SoftmaxRegression(inputs, unit_vectors(actions), episodes)
    regression.fit(inputs, chosen, torch.zeros_like(chosen))
    free, again = regression.weights, SoftmaxRegression(inputs, chosen, episodes)
    again.fit(inputs, chosen, inputs @ free)
    assert again.weights.abs().max() < 0.1 * free.abs().max()


def test_a_ridge_is_chosen_by_episodes_left_out():
    inputs, actions, episodes = steps()
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal((STEPS, 200)))
    few = SoftmaxRegression(inputs, unit_vectors(actions), episodes).strength
    many = SoftmaxRegression(torch.cat([inputs, noise], 1), unit_vectors(actions), episodes).strength
    assert many > few
