"""More people of the training worlds, thirty of a kind: they walk in circles, or run errands.

As in `crowds.py`, moods, habits and lapses are of other kinds than those of the judging worlds (`people.py`).
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from benchmarks.worlds.actors import Actions, Actor, States, choice
from benchmarks.worlds.plants import Plant

WIDTH, DEPTH = 14, 10
MOVES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)])
CUSTOMERS = np.array([(1, 1), (12, 2), (3, 8), (10, 7)])


def court() -> Plant:
    """Walking in the plane: a state is place and speed, 4 numbers; ``v' = 0.85 v + 0.15 a``, ``x' = x + 0.15 v``."""

    def start(random: np.random.Generator, count: int) -> States:
        return np.hstack([random.normal(0, 1.5, (count, 2)), random.normal(0, 0.3, (count, 2))])

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        speed = 0.85 * state[:, 2:] + 0.15 * np.clip(action, -4, 4) + 0.03 * random.standard_normal((len(state), 2))
        return np.hstack([np.clip(state[:, :2] + 0.15 * speed, -4, 4), speed])

    return Plant(start, step)


def circling(random: np.random.Generator) -> Actor:
    """A person who walks in circles: radius, speed, pull to the circle, damping, a drift and a tremble are theirs.

    Speed varies from piece to piece; once in a while a person stands still for eight steps or so.
    """
    least, most = (0.8, 0.5, 0.3, 0.3, 0.06, 2), (2.5, 2.0, 1.5, 1.5, 0.4, 15)
    radius, pace, pull, damping, tremble, lasting_for = np.exp(random.uniform(np.log(least), np.log(most)))
    drift, correlation = random.normal(0, 0.2, 2), np.exp(-1 / lasting_for)
    turn = np.array([[0.0, 1.0], [-1.0, 0.0]]) * random.choice([-1, 1])

    def act(random: np.random.Generator, states: States, memory: tuple | None) -> tuple[Actions, tuple]:
        size = (len(states), 1)
        mood, still, lasting = memory or (random.normal(1, 0.05, size), np.zeros(size, bool), 0.0)
        still = np.where(still, random.random(size) > 1 / 8, random.random(size) < 0.004)
        lasting = correlation * lasting + np.sqrt(1 - correlation**2) * random.standard_normal((len(states), 2))
        far = np.linalg.norm(states[:, :2], axis=1, keepdims=True) + 0.1
        outwards = states[:, :2] / far
        wanted = mood * pace * (outwards @ turn + np.tanh(pull * (radius - far)) * outwards)
        moved = np.where(still, 0.0, wanted + damping * (wanted - states[:, 2:]) + drift)
        return moved + tremble * lasting, (mood, still, lasting)

    return act


def steering(random: np.random.Generator) -> Actor:
    """A person who steers to a place: gains, place and a tremble that lasts are theirs."""
    gain, damping, tremble, lasting_for = np.exp(random.uniform(*np.log(((0.5, 0.3, 0.1, 2), (2.0, 1.5, 0.6, 15)))))
    place, across, correlation = random.normal(0, 0.6, 2), random.normal(0, 0.3), np.exp(-1 / lasting_for)
    turn = np.array([[1.0, across], [-across, 1.0]])

    def act(random: np.random.Generator, states: States, memory: np.ndarray | None) -> tuple[Actions, np.ndarray]:
        fresh = random.standard_normal((len(states), 2))
        lasting = fresh if memory is None else correlation * memory + np.sqrt(1 - correlation**2) * fresh
        return gain * (place - states[:, :2]) @ turn - damping * states[:, 2:] + tremble * lasting, lasting

    return act


def town() -> Plant:
    """Errands on 14 by 10 fields: a state is the field and which of four customers waits, 560 in all.

    A move fails once in 15. Action 4 serves the customer who waits, and another waits then.
    """

    def start(random: np.random.Generator, count: int) -> States:
        field = random.integers((WIDTH, DEPTH), size=(count, 2))
        return np.hstack([field, random.integers(4, size=(count, 1))]).astype(np.float64)

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        moves = MOVES[action.argmax(1)] * (random.random((len(state), 1)) >= 1 / 15)
        served = (CUSTOMERS[state[:, 2].astype(int)] == state[:, :2]).all(1, keepdims=True) & (action[:, 4:] == 1)
        waiting = np.where(served, random.integers(4, size=served.shape), state[:, 2:])
        return np.hstack([np.clip(state[:, :2] + moves, 0, (WIDTH - 1, DEPTH - 1)), waiting])

    return Plant(start, step)


def running_errands(random: np.random.Generator) -> Actor:
    """A person who runs errands: sureness, lanes they keep to, dawdling with some customers, repeating, lapses."""
    sureness, lapse, stick = random.uniform((1.2, 0.01, 0.0), (2.8, 0.06, 0.35))
    across_first, dawdling, lean = random.uniform(0.4, 1.6), random.normal(0, 0.7, (4, 5)), random.normal(0, 0.4, 5)
    waves, phases, heights = random.uniform(0.3, 1.0, (2, 5)), random.uniform(0, 6.3, 5), random.normal(0, 0.7, 5)

    def act(random: np.random.Generator, states: States, last: Actions | None) -> tuple[Actions, Actions]:
        customer = states[:, 2].astype(int)
        way = CUSTOMERS[customer] - states[:, :2]
        towards = np.sign(way) * (across_first, 2 - across_first) @ MOVES.T
        towards[:, 4] = np.where((way == 0).all(1), 3.0, -1.0)
        habits = lean + dawdling[customer] + heights * np.sin(states[:, :2] @ waves + phases)
        drawn = choice(random, (1 - lapse) * softmax(sureness * towards + habits, axis=1) + lapse / 5)
        if last is not None:
            drawn = np.where((random.random((len(states), 1)) < stick) & (last[:, 4:] == 0), last, drawn)
        return drawn, drawn

    return act
