"""Conflicts of episodes whose actions are vectors: does either episode's policy find the other's actions surprising?

No state occurs twice there and actions are noisy, so "same state, different action" becomes a likelihood test. To each
episode f a policy is fitted, a Bayesian linear regression on `features` phi, and the surprise of episode e under it is
its mean squared error per step in units of what f predicts,

    z2[e, f] = mean_{t, i} min(9, (a_{t,i} - phi_t . B_{f,i})^2 / (sigma_{f,i}^2 (1 + phi_t' P_f phi_t))),
    P_f = (Phi_f' Phi_f + I)^-1,

with sigma_f^2 from leave-one-out residuals of f; 9 keeps a fall from deciding alone. That is about 1 for steps of the
same policy, and where f has not been, the predicted spread is wide, so that nothing there surprises much. Two episodes
conflict if each surprises the other: min(z2[e, f], z2[f, e]) > tolerance.

Policies that draw their actions are no exception here: the spread of the actions is part of the prediction. What is
lost is the certainty of an exact conflict: regressions underfit, so some pairs of one policy conflict and some of two
do not, which is the rule for episodes of fewer steps than features. An episode cannot conflict with itself.

How much of a surprise counts, the cut at 9 and the number of features were settled by looking at pairs of episodes
whose policies are known, of navigation, Hopper, HalfCheetah and Walker2d: rates there are no test of the method.

Source: the project's own; the regression is the usual one (Bishop: Pattern Recognition and Machine Learning, 3.3).
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.features import random_features, standardised

LARGEST_ERROR = 9.0  # squared: beyond three standard deviations all is equally surprising
SMALLEST_VARIANCE = 1e-4  # of standardised actions: a policy without noise is never surprised by rounding


def surprise(
    dataset: EpisodeDataset, num_waves: int, steps_judged: int, generator: np.random.Generator
) -> Float[np.ndarray, "episodes episodes"]:
    """How surprising each pair of episodes is to one another, ``min(z2, z2')``; symmetric, 0 on the diagonal.

    Args:
        dataset: Episodes whose actions are vectors, a few hundred at most.
        num_waves: Random features.
        steps_judged: Steps of each episode, evenly spaced, at which other episodes' policies are tried.
        generator: Draws the features.
    """
    phi, actions = random_features(dataset, num_waves, generator), standardised(dataset.actions)
    steps = [np.unique(np.linspace(0, n - 1, min(n, steps_judged)).astype(np.int64)) for n in dataset.episode_lengths]
    counts = np.array([len(of_episode) for of_episode in steps])
    judged = np.concatenate(steps) + np.repeat(dataset.episode_starts, counts)
    first = np.cumsum(counts) - counts
    found = np.empty((dataset.num_episodes, dataset.num_episodes))
    for f, (start, end) in enumerate(zip(dataset.episode_starts, dataset.episode_ends, strict=True)):
        error = _squared_errors(phi[start:end], actions[start:end], phi[judged], actions[judged])
        found[:, f] = np.add.reduceat(error, first) / counts
    np.fill_diagonal(found, 0.0)
    mutual: np.ndarray = np.minimum(found, found.T)
    return mutual


def _squared_errors(
    phi: Float[np.ndarray, "own features"],
    actions: Float[np.ndarray, "own action"],
    judged_phi: Float[np.ndarray, "judged features"],
    judged_actions: Float[np.ndarray, "judged action"],
) -> Float[np.ndarray, "judged"]:
    """Squared errors of one episode's policy on other steps, in units of what it predicts, mean over coordinates."""
    spread = np.linalg.inv(phi.T @ phi + np.eye(phi.shape[1]))
    root = np.linalg.cholesky(spread)
    weights = spread @ (phi.T @ actions)
    residuals = actions - phi @ weights
    leverage = ((phi @ root) ** 2).sum(axis=1, keepdims=True)
    # Residual times leave-one-out residual: what a new step would have shown, free of the fit's optimism on average.
    variance = np.maximum((residuals**2 / (1 - leverage)).mean(axis=0), SMALLEST_VARIANCE)
    predicted = variance * (1 + ((judged_phi @ root) ** 2).sum(axis=1, keepdims=True))
    squared = (judged_actions - judged_phi @ weights) ** 2 / predicted
    errors: np.ndarray = np.minimum(squared, LARGEST_ERROR).mean(axis=1)
    return errors
