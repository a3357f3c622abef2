"""Softmax regression agrees with scikit-learn's."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from stages.clustering.conjugate.softmax_regression import OF_INPUTS, SoftmaxRegression

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


NOTHING = torch.zeros(STEPS, CHOICES, dtype=torch.float64)


def test_probabilities_are_those_of_scikit_learn():
    inputs, actions, _ = steps()
    regression = SoftmaxRegression(inputs, inputs.shape[1], CHOICES)
    for _ in range(20):  # each goes on where the last one ended
        regression.fit(unit_vectors(actions), NOTHING)
    reference = LogisticRegression(C=1 / OF_INPUTS, tol=1e-10, max_iter=5000)
    reference.fit(inputs[:, 1:].numpy(), actions)
    np.testing.assert_allclose(
        regression.probabilities(inputs).numpy(), reference.predict_proba(inputs[:, 1:].numpy()), atol=1e-4
    )


def test_offsets_that_explain_everything_leave_nothing_to_fit():
    inputs, actions, _ = steps()
    regression, again = (SoftmaxRegression(inputs, inputs.shape[1], CHOICES) for _ in range(2))
    regression.fit(unit_vectors(actions), NOTHING)
    again.fit(unit_vectors(actions), inputs @ regression.weights)
    assert again.weights.abs().max() < 0.1 * regression.weights.abs().max()


def strength_chosen(features: torch.Tensor, actions: np.ndarray, episodes: np.ndarray) -> float:
    regression = SoftmaxRegression(features, 5, CHOICES)
    regression.choose_strength(unit_vectors(actions), NOTHING, episodes)
    return regression.strength


def test_features_are_used_if_they_foretell_other_episodes():
    inputs, _, episodes = steps()
    random = np.random.default_rng(1)
    noise = torch.from_numpy(random.standard_normal((STEPS, 200)))
    squares = inputs[:, 1:].square() - 1
    actions = (3 * squares[:, :CHOICES].numpy() + random.gumbel(size=(STEPS, CHOICES))).argmax(1)
    assert strength_chosen(torch.cat([inputs, squares], 1), actions, episodes) <= 10
    assert strength_chosen(torch.cat([inputs, noise], 1), actions, episodes) > 10
