"""Are linear policies good enough? Whether anything nonlinear foretells what they leave of unseen episodes."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.scaled_steps import least_squares

FOLDS = 4
STRENGTHS = 10.0 ** np.arange(-2, 7)
DECISIVE = 2.0  # standard errors
MOST = 8.0  # that are told apart from more


def foretold(
    hidden: Float[Tensor, "steps features"],
    inputs: Float[Tensor, "steps inputs"],
    residuals: Float[Tensor, "steps targets"],
    episode_of_step: Int[np.ndarray, "steps"],
) -> float:
    """How much ridge regression on nonlinear features lowers squared errors of other episodes, in standard errors.

    Args:
        hidden: Nonlinear features; the part that is linear in the inputs is taken out.
        inputs: What linear policies see.
        residuals: What linear policies leave, with variance 1.
        episode_of_step: Episodes are left out together, a quarter at a time.
    """
    rest = hidden - inputs @ least_squares(inputs, hidden)
    episode = torch.from_numpy(episode_of_step)
    fold = episode % FOLDS
    seconds = torch.stack([rest[fold == f].T @ rest[fold == f] for f in range(FOLDS)])
    crosses = torch.stack([rest[fold == f].T @ residuals[fold == f] for f in range(FOLDS)])
    gains = torch.stack([_gain(rest, residuals, fold, seconds, crosses, float(strength)) for strength in STRENGTHS])
    turn = episode // FOLDS % 2  # strengths are chosen by the other half of the episodes
    best = [gains[int(gains[:, turn != half].sum(1).argmax())] for half in range(2)]
    gain = torch.where(turn == 0, *best)
    by_episode = torch.zeros(int(episode[-1]) + 1, dtype=torch.float64).index_add_(0, episode, gain)
    return float(by_episode.mean() / by_episode.std() * len(by_episode) ** 0.5)


def as_if_alone(score: float, number: int, episodes: int) -> float:
    """What the largest of a number of scores is worth: the normal deviate as likely as it (Sidak, 1967).

    Args:
        score: Mean over standard error, of so many episodes.
        number: Scores that it is the largest of.
        episodes: Of which each is a mean.
    """
    from scipy.special import ndtri_exp, stdtr  # loaded here: planning has no use for it

    below = number * np.log1p(-max(stdtr(episodes - 1, -score), 1e-300))
    return float(min(ndtri_exp(below), MOST))


def _gain(
    rest: Tensor, residuals: Tensor, fold: Tensor, seconds: Tensor, crosses: Tensor, strength: float
) -> Float[Tensor, "steps"]:
    """By how much squared errors of every step fall, the regression being fitted to the other folds."""
    gain, identity = torch.zeros(len(rest), dtype=torch.float64), torch.eye(rest.shape[1], dtype=torch.float64)
    for f in range(FOLDS):
        others = [g for g in range(FOLDS) if g != f]
        weights = torch.linalg.solve(seconds[others].sum(0) + strength * identity, crosses[others].sum(0))
        left = residuals[fold == f] - rest[fold == f] @ weights
        gain[fold == f] = (residuals[fold == f].square() - left.square()).sum(1)
    return gain
