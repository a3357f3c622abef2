"""A small decision process, all of whose values are solutions of linear systems, and policies of it.

Five states in a row, observed as unit vectors; -1 leads down, +1 up, both slip now and then; the last state ends it.
"""

from __future__ import annotations

import numpy as np
import torch

from stages.agents.contract import Agent
from stages.datasets.episodes import EpisodeDataset

STATES, DISCOUNT = 5, 0.8
REWARDS = np.array([[0.5, -1.0], [0.0, 0.3], [-0.5, 0.2], [1.0, -2.0], [0.0, 0.0]])
SLIPS = (0.75, 0.25)  # of the way that was asked for, and of staying


def transitions() -> np.ndarray:
    """``P[s, a, s']``; the last state is never left, and counts as the end."""
    chances = np.zeros((STATES, 2, STATES))
    for s in range(STATES - 1):
        for a, move in enumerate((-1, 1)):
            chances[s, a, max(s + move, 0)] += SLIPS[0]
            chances[s, a, s] += SLIPS[1]
    return chances


def exact_q(policy: np.ndarray) -> np.ndarray:
    """``Q[s, a]`` of ``policy[s, a]``, by the Bellman equation."""
    chances = transitions()[:-1, :, :-1]
    size = (STATES - 1) * 2
    following = (chances[:, :, :, None] * policy[None, None, :-1]).reshape(size, size)
    solved = np.linalg.solve(np.eye(size) - DISCOUNT * following, REWARDS[:-1].reshape(-1))
    return np.concatenate([solved.reshape(-1, 2), np.zeros((1, 2))])


def every_transition(repeats: int = 10) -> EpisodeDataset:
    """Each transition as often as it is likely, in episodes of a step; those that do not reach the end are cut off."""
    rows = [
        (s, a, after)
        for s in range(STATES - 1)
        for a in range(2)
        for after in range(STATES)
        for _ in range(round(4 * repeats * transitions()[s, a, after]))
    ]
    state, action, after = np.array(rows).T
    ended = after == STATES - 1
    eye = np.eye(STATES, dtype=np.float32)
    return EpisodeDataset(
        observations=eye[state],
        actions=(2.0 * action - 1)[:, None].astype(np.float32),
        rewards=REWARDS[state, action].astype(np.float32),
        terminations=ended,
        truncations=~ended,
        # What is seen at the end must not matter.
        next_observations=np.where(ended[:, None], np.float32(7), eye[after]),
    )


class TabularAgent(Agent):
    """Seed i goes up in state s with probability ``up[i, s]``; asked for its mean action, it does what is likelier."""

    memoryless = True

    def __init__(self, up: np.ndarray) -> None:
        self.up = torch.from_numpy(up)

    @property
    def num_seeds(self) -> int:
        return len(self.up)

    @property
    def policies(self) -> np.ndarray:
        """Chances ``[seeds, states, actions]``."""
        return torch.stack([1 - self.up, self.up], dim=-1).numpy()

    def begin(self, conditions):
        self.seed_index = conditions.seed_index

    def act(self, observations, noise=None):
        up = self.up[self.seed_index, observations.argmax(-1)]
        asked = torch.full_like(up, 0.5) if noise is None else torch.special.ndtr(noise[:, 0].double())
        return torch.where(asked < up, 1.0, -1.0)[:, None].float()

    def log_density(self, observations, actions):
        up = self.up[self.seed_index, observations.argmax(-1)]
        return torch.where(actions[:, 0] > 0, up, 1 - up).log()
