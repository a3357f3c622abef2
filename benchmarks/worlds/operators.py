"""More judging worlds, as of teleoperation: people fetch things with arms, a car and drones; recordings are wide.

People act on a hidden state; observations follow from it, with noise. As in `judging.py`, no constant is chosen here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.worlds.actors import Actions, Actor, States
from benchmarks.worlds.boxes import Device, pedals
from benchmarks.worlds.judging import lengths, world
from benchmarks.worlds.plants import Plant, recorded
from stages.datasets.episodes import EpisodeDataset

NOISE = 0.01
ENDS = 3, 6, 9, 12, 13, 15, 16  # of a state's place, speed, turn, thing's place and slant, goal, opening; then held
GROUND = [0, 1, 3, 4, 8, 9, 10, *range(13, 18), 19, 20, *range(22, 30)]  # what a car sees of what arms and drones see


def length(ways: States) -> States:
    """Of each way, as a column."""
    return np.linalg.norm(ways, axis=1, keepdims=True)


def turned(ways: States, angle: States | float) -> States:
    """The ways in the plane, turned by the angle from x to y."""
    x, y = ways[:, :1], ways[:, 1:2]
    return np.hstack([x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)])


def table(inertia: float, height: float, drive: Callable[[States, Actions], Actions]) -> Plant:
    """A thing is to be taken to a goal and let go there; pushes, turns and a grip are what `drive` makes of actions."""

    def laid(random: np.random.Generator, count: int) -> States:
        return random.uniform(-1, 1, (count, 6)) * (1, 1, 0, 1.5, 1, 1)

    def start(random: np.random.Generator, count: int) -> States:
        place = random.normal((-0.3, 0.0, 1.0), 0.15, (count, 3)) * (1, 1, height)
        return np.hstack([place, np.zeros((count, 6)), laid(random, count), np.tile([1.0, 0.0], (count, 1))])

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        place, speed, turn, thing, slant, goal, opening, _ = np.split(state, ENDS, axis=1)
        push, spin, grip = np.split(drive(state, action), (3, 6), axis=1)
        speed, opening = inertia * speed + (1 - inertia) * push, opening + 0.3 * ((grip <= 0) - opening)
        moved = np.clip(place + 0.06 * speed, (-1.3, -1.3, 0), (1.3, 1.3, 1.2))
        held = (opening < 0.5) & (length(thing - place) < 0.18)
        thing = np.where(held, thing + moved - place, thing * (1, 1, 0.6))
        done = ~held & (length(thing[:, :2] - goal) < 0.2)
        lying = np.where(done, laid(random, len(state)), np.hstack([thing, slant, goal]))
        return np.hstack([moved, speed, turn + 0.1 * spin, lying, opening, held])

    return Plant(start, step)


def flying(states: States, actions: Actions) -> Actions:
    """Pushed ahead, aside and up, and turned; a drone tilts as it is pushed and holds by itself what is near."""
    near, far = length(states[:, 9:12] - states[:, :3]) < 0.15, length(states[:, 13:15] - states[:, 9:11]) > 0.15
    push, tilt = turned(actions, states[:, 8:9]), 4 * (0.4 * actions[:, :2] - states[:, 6:8])
    return np.hstack([push, actions[:, 2:3], tilt, actions[:, 3:], np.where(states[:, 16:] > 0, far, near)])


def rolling(states: States, actions: Actions) -> Actions:
    """A car with wheel, gas and brake, which may reverse; it turns the faster the faster it goes."""
    ahead, spin = actions[:, 1:2] - actions[:, 2:], 6 * actions[:, :1] * (0.3 + length(states[:, 3:5]))
    return flying(states, np.hstack([ahead, np.zeros_like(ahead), -np.ones_like(ahead), spin]))


def seen(random: np.random.Generator, dataset: EpisodeDataset, columns: list[int]) -> EpisodeDataset:
    """What sensors make of hidden states, some of 30 numbers; the next step's is the observation that follows."""

    def view(states: States) -> States:
        place, speed, turn, thing, slant, goal, opening, _ = np.split(states.astype(np.float64), ENDS, axis=1)
        ways, angles = [thing - place, goal - thing[:, :2]], np.hstack([turn, slant, slant - turn[:, 2:]])
        base = [np.arctan2(place[:, 1:2], place[:, :1] + 2), length(place + np.array([2, 0, 0]))]
        parts = place, speed, np.sin(angles), np.cos(angles), thing, *ways, *map(length, ways), *base
        return random.normal(np.hstack([*parts, opening / 2, -opening / 2])[:, columns], NOISE).astype(np.float32)

    now, following = view(dataset.observations), view(dataset.next_observations)
    inner = np.setdiff1d(np.arange(len(now)), dataset.episode_ends - 1)
    following[inner] = now[inner + 1]
    return replace(dataset, observations=now, next_observations=following)


def operator(random: np.random.Generator, device: Device, vehicle: bool = False) -> Actor:
    """Comes from above, along a bend; trembles, is more or less hasty by the piece, and at times does not attend."""
    least, most = (0.7, 3, 0.1, 0.15, 0.08, 0.09, 0.5, 0.15), (1.8, 7, 0.6, 0.5, 0.15, 0.3, 2, 0.6)
    gain, reach, brake, hover, near, drop, twist, caution = np.exp(random.uniform(np.log(least), np.log(most)))
    tremble, lasting_for, lapses = np.exp(random.uniform(np.log((0.04, 3, 0.002)), np.log((0.2, 10, 0.01))))
    bend, yaw, swing, *tilt = random.normal(0, (0.25, 0.3, 0.4, 0.25, 0.25))
    lean, correlation = random.normal(0, 0.05, 3), np.exp(-1 / lasting_for)

    def wish(states: States, moods: States) -> Actions:
        place, speed, turn, thing, slant, goal, _, held = np.split(states, ENDS, axis=1)
        way = np.where(held > 0, np.hstack([goal - thing[:, :2], -place[:, 2:]]), thing - place)
        far, turn, haste = length(way[:, :2]), turn[:, 2:], gain * (1 + 0.07 * moods[:, :1])
        way[:, 2:] += hover * (1 + 0.1 * moods[:, 1:]) * (1 - np.exp(-np.square(far / 0.25)))
        pull, slow = np.tanh(reach * way), 1 - caution * np.exp(-np.square(far / 0.3))
        move = haste * slow * np.hstack([turned(pull, bend), pull[:, 2:]]) - brake * speed + lean
        spin = (np.arctan2(way[:, 1:2], way[:, :1]) if vehicle else np.where(held > 0, 0, slant)) + yaw - turn
        close = np.where(held > 0, (far > 0.15) | (place[:, 2:] > drop), length(thing - place) < near)
        tip = twist * (tilt + swing * speed[:, :2] - states[:, 6:8])
        return np.hstack([turned(move, -turn * vehicle), move[:, 2:], tip, twist * np.sin(spin), 2.0 * close - 1])

    def act(random: np.random.Generator, states: States, memory: tuple | None) -> tuple[Actions, tuple]:
        size = (len(states), 1)
        moods, lapsed, held, lasting = memory or (random.standard_normal((size[0], 2)), np.zeros(size, bool), 0.0, 0.0)
        lapsed = np.where(lapsed, random.random(size) > 1 / 10, random.random(size) < lapses)
        held = np.where(lapsed, held, wish(states, moods))
        lasting = correlation * lasting + np.sqrt(1 - correlation**2) * random.standard_normal(held.shape)
        return device(held + tremble * lasting), (moods, lapsed, held, lasting)

    return act


def arms(random: np.random.Generator, pieces: Sequence[int]) -> EpisodeDataset:
    """Three pushes and three turns within +-1, and fingers that are told to close, 1, or to open, -1."""
    hands = [operator(random, lambda w: np.clip(np.hstack([w[:, :6], np.sign(w[:, 6:])]), -1, 1)) for _ in pieces]
    episodes = recorded(random, table(0.7, 0.6, lambda _, actions: actions), hands, lengths(random, pieces, 100, 400))
    return seen(random, episodes, list(range(30)))


@world()
def one_arm_operator(random: np.random.Generator) -> EpisodeDataset:
    """One person moves an arm and opens and closes its fingers; 30 numbers are seen."""
    return arms(random, [30])


@world()
def one_driver(random: np.random.Generator) -> EpisodeDataset:
    """One person drives a car by wheel, gas and brake; 22 numbers are seen."""
    driver = operator(random, lambda wanted: pedals(wanted[:, [5, 0]]), vehicle=True)
    return seen(random, recorded(random, table(0.8, 0.0, rolling), [driver], lengths(random, [40], 150, 500)), GROUND)


@world()
def arm_operators(random: np.random.Generator) -> EpisodeDataset:
    """12 people move an arm, 6 to 9 pieces each."""
    return arms(random, random.integers(6, 10, 12))


@world()
def drone_pilots(random: np.random.Generator) -> EpisodeDataset:
    """20 people fly a drone that takes and lets go by itself, 5 to 7 pieces each; 28 numbers are seen."""
    pilots = [operator(random, lambda wanted: np.clip(wanted[:, [0, 1, 2, 5]], -1, 1), vehicle=True) for _ in range(20)]
    steps = lengths(random, random.integers(5, 8, 20), 150, 600)
    return seen(random, recorded(random, table(0.88, 0.6, flying), pilots, steps), list(range(28)))
