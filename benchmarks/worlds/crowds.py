"""People of the training worlds: they follow a target, or gather; moods, habits and lapses are of other kinds.

See `people.py` for those of the judging worlds.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from benchmarks.worlds.actors import Actions, Actor, States, choice
from benchmarks.worlds.plants import Plant

SIDE, MOST_CARRIED = 10, 2
MOVES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)])
BUSHES = np.array([(1, 8), (8, 8), (8, 1)])
HOME = np.array([4, 4])


def chase() -> Plant:
    """Following a target that wanders: a state is how far it is ahead and how much faster it moves, 4 numbers."""

    def start(random: np.random.Generator, count: int) -> States:
        return np.hstack([random.normal(0, 1, (count, 2)), np.zeros((count, 2))])

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        ahead, faster = state[:, :2], state[:, 2:]
        turns = (random.random((len(state), 1)) < 0.05) * random.normal(0, 0.8, ahead.shape)
        faster = 0.95 * faster - 0.15 * np.clip(action, -4, 4) + turns + 0.02 * random.standard_normal(ahead.shape)
        return np.hstack([np.clip(ahead + 0.2 * faster, -5, 5), faster])

    return Plant(start, step)


def following(random: np.random.Generator) -> Actor:
    """A person who follows: gain, damping, a dead zone, a stronger direction and a jitter are theirs.

    The gain varies from piece to piece; once in a while they let go for ten steps.
    """
    gain, damping, zone, jitter = np.exp(random.uniform(np.log((0.5, 0.3, 0.05, 0.08)), np.log((2, 1.5, 0.6, 0.4))))
    stronger, drift = np.exp(random.normal(0, 0.25, 2)), random.normal(0, 0.15, 2)
    correlation = random.uniform(0.3, 0.9)

    def act(random: np.random.Generator, states: States, memory: tuple | None) -> tuple[Actions, tuple]:
        size = (len(states), 1)
        mood, away, lasting = memory or (np.exp(random.normal(0, 0.06, size)), np.zeros(size, bool), 0.0)
        away = np.where(away, random.random(size) > 0.1, random.random(size) < 0.004)
        lasting = correlation * lasting + np.sqrt(1 - correlation**2) * random.standard_normal((len(states), 2))
        seen = np.sign(states[:, :2]) * np.maximum(np.abs(states[:, :2]) - zone, 0)
        wanted = mood * gain * np.tanh(seen) * 2 * stronger + damping * states[:, 2:] + drift
        return np.where(away, 0.0, wanted) + jitter * lasting, (mood, away, lasting)

    return act


def garden() -> Plant:
    """Gathering on 10 by 10 fields: a state is the field and how much is carried, 300 in all.

    A move fails once in 12. At a bush action 4 picks, at home it leaves everything.
    """

    def start(random: np.random.Generator, count: int) -> States:
        return np.hstack([random.integers(SIDE, size=(count, 2)), np.zeros((count, 1))]).astype(np.float64)

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        moves = MOVES[action.argmax(1)] * (random.random((len(state), 1)) >= 1 / 12)
        at, carried, stays = state[:, None, :2], state[:, 2:], action[:, 4:] == 1
        picked = stays & (BUSHES == at).all(2).any(1, keepdims=True)
        left = stays & (HOME == state[:, :2]).all(1, keepdims=True)
        carried = np.where(left, 0.0, np.minimum(carried + picked, MOST_CARRIED))
        return np.hstack([np.clip(state[:, :2] + moves, 0, SIDE - 1), carried])

    return Plant(start, step)


def gathering(random: np.random.Generator) -> Actor:
    """A person who gathers: favourite bush, when to go home, sureness, a lean to one side, repeating, lapses."""
    bush, full = BUSHES[random.integers(3)], random.integers(1, MOST_CARRIED + 1)
    sureness, lapse, stick = random.uniform((1.0, 0.02, 0.0), (2.5, 0.08, 0.4))
    across_first, lean, tilt = random.uniform(0.4, 1.6), random.normal(0, 0.6, 5), random.normal(0, 0.5, (2, 5))

    def act(random: np.random.Generator, states: States, last: Actions | None) -> tuple[Actions, Actions]:
        way = np.where(states[:, 2:] >= full, HOME, bush) - states[:, :2]
        towards = np.sign(way) * (across_first, 2 - across_first) @ MOVES.T
        towards[:, 4] = np.where((way == 0).all(1), 3.0, -1.0)
        habits = lean + (states[:, :2] / SIDE - 0.5) @ tilt
        drawn = choice(random, (1 - lapse) * softmax(sureness * towards + habits, axis=1) + lapse / 5)
        if last is not None:
            drawn = np.where((random.random((len(states), 1)) < stick) & (last[:, 4:] == 0), last, drawn)
        return drawn, drawn

    return act
