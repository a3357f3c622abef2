"""More judging worlds, with bounded actions as of motors, pedals, grippers and joysticks.

Policies want any action; what is done and recorded is what a device makes of it. As in `judging.py`, no constant may be
chosen on these worlds, and true K is the number of policies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from benchmarks.worlds.actors import Actions, Actor, States, linear, moving, network
from benchmarks.worlds.judging import around, lengths, weights, world
from benchmarks.worlds.plants import integrating, recorded, rotating, saturating, two_regions
from stages.datasets.episodes import EpisodeDataset

Device = Callable[[Actions], Actions]


def through(device: Device, actor: Actor) -> Actor:
    """An actor whose actions pass through a device; what it remembers does not."""

    def act(random: np.random.Generator, states: States, memory: object) -> tuple[Actions, object]:
        wanted, memory = actor(random, states, memory)
        return device(wanted), memory

    return act


def box(low: float | Sequence[float], high: float | Sequence[float]) -> Device:
    """Clips each component to its range."""
    return lambda wanted: np.clip(wanted, low, high)


def pedals(wanted: Actions) -> Actions:
    """Steers within +-0.5; the last component becomes gas where it is positive and brake where it is negative."""
    wish = wanted[:, -1:]
    return np.hstack([np.clip(wanted[:, :-1], -0.5, 0.5), np.clip(wish, 0, 1), np.clip(-wish, 0, 1)])


def joystick(zone: float) -> Device:
    """Nothing within the dead zone, then from 0 to +-1, where the stick meets its frame."""
    return lambda wanted: np.clip((wanted - np.clip(wanted, -zone, zone)) / (1 - zone), -1, 1)


def gripping(actor: Actor, margin: float = 0.0) -> Actor:
    """The last component is 1 or -1 after the sign of what is wanted; within the margin it stays what it was."""

    def act(random: np.random.Generator, states: States, memory: tuple | None) -> tuple[Actions, tuple]:
        lasting, last = memory or (None, None)
        wanted, lasting = actor(random, states, lasting)
        grip = np.where(wanted[:, -1:] > 0, 1.0, -1.0)
        if last is not None:
            grip = np.where(np.abs(wanted[:, -1:]) < margin, last, grip)
        return np.hstack([np.clip(wanted[:, :-1], -1, 1), grip]), (lasting, grip)

    return act


@world()
def one_uneven_box(random: np.random.Generator) -> EpisodeDataset:
    """One linear policy; the box is from -0.2 to 1 and from -0.8 to 0.3."""
    policy = through(box([-0.2, -0.8], [1.0, 0.3]), moving(linear(weights(random, 5, 2, 0.8), 0.1), 0.2))
    return recorded(random, rotating(random, 5, 2), [policy], lengths(random, [28], 50, 200))


@world()
def one_clipped_network(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear policy within +-0.5, between walls."""
    policy = moving(network(random, 8, 3, 1.0), 0.1, limit=0.5)
    return recorded(random, integrating(random, 4, 3), [policy], lengths(random, [30], 40, 150))


@world()
def one_gripper(random: np.random.Generator) -> EpisodeDataset:
    """One linear arm with three motors, mildly clipped, and a gripper that opens and closes late."""
    arm = linear(weights(random, 12, 4, 0.9), [0.2, 0.0, -0.1, 0.2])
    policies = [gripping(moving(arm, 0.12), margin=0.3)]
    return recorded(random, integrating(random, 6, 4), policies, lengths(random, [24], 60, 180))


@world()
def one_joystick(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear hand that trembles for 8 steps or so, on a joystick with a dead zone of 0.2."""
    policy = through(joystick(0.2), moving(network(random, 4, 2, 0.8), 0.25, float(np.exp(-1 / 8))))
    return recorded(random, two_regions(random, 4, 2), [policy], lengths(random, [30], 80, 200))


@world()
def two_throttles(random: np.random.Generator) -> EpisodeDataset:
    """Two policies that steer alike and differ in a throttle from 0 to 1, which is 0 much of the time."""
    steer, throttle = weights(random, 6, 1, 0.6), weights(random, 6, 1, 0.6)
    turns = [np.hstack([steer, throttle + weights(random, 6, 1, 0.35)]) for _ in range(2)]
    policies = [through(box([-0.7, 0.0], [0.7, 1.0]), moving(linear(turn, [0.0, 0.1]), 0.2)) for turn in turns]
    return recorded(random, integrating(random, 3, 2), policies, lengths(random, [20, 12], 60, 160))


@world()
def two_squashed(random: np.random.Generator) -> EpisodeDataset:
    """Two nonlinear policies with the hyperbolic tangent of what they want, which comes near +-1 and never there."""
    policies = [through(np.tanh, moving(network(random, 10, 4, 2.0), 0.3)) for _ in range(2)]
    return recorded(random, rotating(random, 10, 4), policies, lengths(random, [15, 15], 30, 100))


@world()
def three_at_the_edge(random: np.random.Generator) -> EpisodeDataset:
    """Three linear policies with one motor of +-0.5 that is at the edge at most steps."""
    middle = weights(random, 3, 1, 3.5)
    policies = [moving(linear(middle + weights(random, 3, 1, 2.0)), 0.3, limit=0.5) for _ in range(3)]
    return recorded(random, saturating(random, 3, 1), policies, lengths(random, [25, 18, 10], 80, 200))


@world()
def three_grippers(random: np.random.Generator) -> EpisodeDataset:
    """Three linear arms, short episodes; the arms move and grip each in their way."""
    policies = [gripping(policy, margin=0.1) for policy in around(random, 3, 7, 3, 0.35, 0.25)]
    return recorded(random, rotating(random, 7, 3), policies, lengths(random, [22, 16, 16], 25, 90))


@world()
def four_drivers(random: np.random.Generator) -> EpisodeDataset:
    """Four linear drivers who sway for 5 steps or so; wheel in degrees, gas and brake, one of which is always 0."""
    middle, correlation = weights(random, 8, 2, 0.5), float(np.exp(-1 / 5))
    ways = [(middle + weights(random, 8, 2, 0.3), [0.0, random.normal(0.1, 0.2)]) for _ in range(4)]
    policies = [through(pedals, moving(linear(*way), 0.2, correlation)) for way in ways]
    dataset = recorded(random, integrating(random, 4, 3), policies, lengths(random, [8, 14, 20, 26], 80, 200))
    return replace(dataset, actions=(dataset.actions * [50, 1, 1]).astype(np.float32))


@world()
def six_mildly_clipped(random: np.random.Generator) -> EpisodeDataset:
    """Six linear policies that see two numbers and seldom meet the edges of +-1.3."""
    policies = [through(box(-1.3, 1.3), policy) for policy in around(random, 6, 2, 3, 0.4, 0.25)]
    return recorded(random, saturating(random, 2, 3), policies, lengths(random, [10, 11, 12, 13, 14, 15], 40, 120))


@world()
def eight_joysticks(random: np.random.Generator) -> EpisodeDataset:
    """Eight hands with trembles that last 4 steps or so, on a joystick with a dead zone of 0.15."""
    middle, correlation = weights(random, 4, 2, 0.8), float(np.exp(-1 / 4))
    hands = [linear(middle + weights(random, 4, 2, 0.5), random.normal(0, 0.3, 2)) for _ in range(8)]
    policies = [through(joystick(0.15), moving(hand, 0.25, correlation)) for hand in hands]
    return recorded(random, two_regions(random, 4, 2), policies, lengths(random, range(8, 16), 60, 200))
