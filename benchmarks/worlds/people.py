"""Recordings as of people: many of them, few pieces each, habits that last, moods that pass, attention that lapses."""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

from benchmarks.worlds.actors import Actions, Actor, States, choice, network
from benchmarks.worlds.plants import Plant

SIDE = 12
MOVES = np.array([(1, 0), (-1, 0), (0, 1), (0, -1), (0, 0)])
GOALS = np.array([(0, 0), (SIDE - 1, 0), (0, SIDE - 1), (SIDE - 1, SIDE - 1)])


def plane() -> Plant:
    """Steering to targets in the plane: a state is the way to the target, speed and place, 6 numbers.

    ``v' = 0.9 v + 0.1 a``, ``x' = x + 0.2 v`` with `a` within +-3. Who comes within 0.4 of a target gets another,
    uniform in the square +-3.
    """

    def start(random: np.random.Generator, count: int) -> States:
        place, target = random.uniform(-3, 3, (2, count, 2))
        return np.hstack([target - place, np.zeros((count, 2)), place])

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        way, speed, place = state[:, :2], state[:, 2:4], state[:, 4:]
        target, speed = place + way, 0.9 * speed + 0.1 * np.clip(action, -3, 3)
        place = place + 0.2 * speed
        reached = np.linalg.norm(target - place, axis=1, keepdims=True) < 0.4
        target = np.where(reached, random.uniform(-3, 3, target.shape), target)
        return np.hstack([target - place, speed, place])

    return Plant(start, step)


def steering(random: np.random.Generator) -> Actor:
    """A person in the plane: haste, brake, reach, a bend to one side, a lean and a tremble are theirs.

    Haste varies from piece to piece; while attention lapses, for 15 steps or so, the hand stays where it was.
    """
    least, most = (0.7, 0.4, 0.3, 0.06, 2), (2.8, 2, 3, 0.5, 20)
    haste, brake, reach, tremble, lasting_for = np.exp(random.uniform(np.log(least), np.log(most)))
    bend, lean = random.uniform(-0.9, 0.9), random.normal(0, 0.25, 2)
    correlation = np.exp(-1 / lasting_for)
    turn = np.array([[np.cos(bend), np.sin(bend)], [-np.sin(bend), np.cos(bend)]])

    def act(random: np.random.Generator, states: States, memory: tuple | None) -> tuple[Actions, tuple]:
        size = (len(states), 1)
        mood, lapsed, held, lasting = memory or (random.normal(1, 0.04, size), np.zeros(size, bool), 0.0, 0.0)
        lapsed = np.where(lapsed, random.random(size) > 1 / 15, random.random(size) < 0.003)
        shock = random.standard_normal((len(states), 2))
        lasting = correlation * lasting + np.sqrt(1 - correlation**2) * shock
        wanted = haste * mood * np.tanh(reach * states[:, :2]) @ turn - brake * states[:, 2:4] + lean
        held = np.where(lapsed, held, wanted)
        return held + tremble * lasting, (mood, lapsed, held, lasting)

    return act


def game() -> Plant:
    """Fetch and carry on 12 by 12 fields: a state is the field and whether something is carried, 288 in all.

    A move fails once in 20. Things are taken in the two corners with ``y = 0`` and left in the other two by action 4.
    """

    def start(random: np.random.Generator, count: int) -> States:
        return np.hstack([random.integers(SIDE, size=(count, 2)), np.zeros((count, 1))]).astype(np.float64)

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        moves = MOVES[action.argmax(1)] * (random.random((len(state), 1)) >= 0.05)
        field, carried = np.clip(state[:, :2] + moves, 0, SIDE - 1), state[:, 2:]
        corner = (GOALS == state[:, None, :2]).all(2) & (action[:, 4:] == 1)
        taken, left = corner[:, :2].any(1, keepdims=True), corner[:, 2:].any(1, keepdims=True)
        return np.hstack([field, np.where(taken, 1.0, np.where(left, 0.0, carried))])

    return Plant(start, step)


def playing(random: np.random.Generator) -> Actor:
    """A person in the game: corners to take from and bring to, sureness, habits of place, stickiness, lapses."""
    taking, bringing = GOALS[random.integers(2)], GOALS[2 + random.integers(2)]
    sureness, lapse, stick = random.uniform((1.5, 0.01, 0.0), (3.0, 0.06, 0.3))
    across_first, habits = random.uniform(0.5, 1.5), network(random, 3, 5, 1.0)

    def act(random: np.random.Generator, states: States, last: Actions | None) -> tuple[Actions, Actions]:
        way = np.where(states[:, 2:] == 0, taking, bringing) - states[:, :2]
        towards = np.sign(way) * (across_first, 2 - across_first) @ MOVES.T
        towards[:, 4] = np.where((way == 0).all(1), 3.0, -1.0)
        inputs = np.hstack([states[:, :2] / SIDE * 4 - 2, states[:, 2:] * 2 - 1])
        probabilities = (1 - lapse) * softmax(sureness * towards + habits(inputs), axis=1) + lapse / 5
        drawn = choice(random, probabilities)
        if last is not None:
            drawn = np.where((random.random((len(states), 1)) < stick) & (last[:, 4:] == 0), last, drawn)
        return drawn, drawn

    return act
