"""What episodes live in: where they start and how states follow actions. All but `gliding` are for judging.

All episodes of a policy go side by side, so a state is a row. Actions are squashed before they push, so that no policy
leaves for infinity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from benchmarks.worlds.actors import Actions, Actor, States
from benchmarks.worlds.episodes import Walk, joined
from stages.datasets.episodes import EpisodeDataset


@dataclass(frozen=True)
class Plant:
    """Where episodes start and how states follow.

    Attributes:
        start: First states of a number of episodes.
        step: The states that follow states and actions.
    """

    start: Callable[[np.random.Generator, int], States]
    step: Callable[[np.random.Generator, States, Actions], States]


def rotating(random: np.random.Generator, states: int, actions: int) -> Plant:
    """``s' = 0.95 R s + 0.3 B tanh(a) + 0.05 noise``, R a random rotation; starts lie on a sphere of radius 1.5."""
    rotation = np.linalg.qr(random.standard_normal((states, states)))[0]
    push = random.standard_normal((actions, states)) / np.sqrt(actions)

    def start(random: np.random.Generator, count: int) -> States:
        way = random.standard_normal((count, states))
        return 1.5 * way / np.linalg.norm(way, axis=1, keepdims=True)

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        noise = random.standard_normal(state.shape)
        return 0.95 * state @ rotation + 0.3 * np.tanh(action) @ push + 0.05 * noise

    return Plant(start, step)


def integrating(random: np.random.Generator, places: int, actions: int) -> Plant:
    """Places and speeds, ``x' = x + 0.2 v``, ``v' = 0.9 v + 0.5 B tanh(a) + 0.05 noise``, between walls at +-2.

    A wall stops what runs into it. Episodes start at rest in one of three corners.
    """
    push = random.standard_normal((actions, places)) / np.sqrt(actions)
    corners = random.uniform(-1.5, 1.5, (3, places))

    def start(random: np.random.Generator, count: int) -> States:
        place = corners[random.integers(3, size=count)] + 0.2 * random.standard_normal((count, places))
        return np.hstack([place, np.zeros((count, places))])

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        place, speed = state[:, :places] + 0.2 * state[:, places:], state[:, places:]
        speed = 0.9 * speed + 0.5 * np.tanh(action) @ push + 0.05 * random.standard_normal(speed.shape)
        return np.hstack([np.clip(place, -2, 2), np.where(np.abs(place) < 2, speed, 0.0)])

    return Plant(start, step)


def saturating(random: np.random.Generator, states: int, actions: int) -> Plant:
    """``s' = tanh(A s + 0.4 B a + 0.2 noise)``, A large enough to oscillate; starts are uniform within +-0.5."""
    inner = 1.2 * random.standard_normal((states, states)) / np.sqrt(states)
    push = random.standard_normal((actions, states)) / np.sqrt(actions)

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        return np.tanh(state @ inner + 0.4 * action @ push + 0.2 * random.standard_normal(state.shape))

    return Plant(lambda random, count: random.uniform(-0.5, 0.5, (count, states)), step)


def two_regions(random: np.random.Generator, states: int, actions: int) -> Plant:
    """``s' = 0.98 s + 0.03 B tanh(a) + 0.15 noise`` from one of two opposite regions: paths meet halfway."""
    push = random.standard_normal((actions, states)) / np.sqrt(actions)

    def start(random: np.random.Generator, count: int) -> States:
        state = 0.3 * random.standard_normal((count, states))
        state[:, 0] += random.choice([-2.5, 2.5], count)
        return state

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        return 0.98 * state + 0.03 * np.tanh(action) @ push + 0.15 * random.standard_normal(state.shape)

    return Plant(start, step)


def gliding(random: np.random.Generator, places: int, actions: int) -> Plant:
    """Places and speeds, ``x' = x + 0.15 v``, ``v' = 0.85 v + 0.4 B tanh(a) + 0.1 noise``; bounces off walls at +-2.5.

    Policies that differ go to different places.
    """
    push = random.standard_normal((actions, places))

    def start(random: np.random.Generator, count: int) -> States:
        return np.hstack([random.uniform(-1, 1, (count, places)), 0.3 * random.standard_normal((count, places))])

    def step(random: np.random.Generator, state: States, action: Actions) -> States:
        speed = 0.85 * state[:, places:] + 0.4 * np.tanh(action) @ push
        speed += 0.1 * random.standard_normal(speed.shape)
        place = state[:, :places] + 0.15 * speed
        return np.hstack([place.clip(-2.5, 2.5), np.where(np.abs(place) < 2.5, speed, -0.5 * speed)])

    return Plant(start, step)


def recorded(
    random: np.random.Generator,
    plant: Plant,
    policies: Sequence[Actor],
    lengths: Sequence[Int[np.ndarray, "episodes"]],
    discrete: bool = False,
) -> EpisodeDataset:
    """Episodes of all policies in random order.

    Args:
        random: What everything is drawn from.
        plant: What the episodes live in.
        policies: One actor per policy.
        lengths: Steps of the episodes of each policy.
        discrete: Whether actions are choices, which push like their unit vectors.
    """
    walks = [walk for pair in zip(policies, lengths, strict=True) for walk in _walks(random, plant, *pair)]
    truth = np.repeat(np.arange(len(lengths)), [len(steps) for steps in lengths])
    order = random.permutation(len(walks))
    return joined([walks[i] for i in order], truth[order], discrete)


def _walks(
    random: np.random.Generator, plant: Plant, policy: Actor, lengths: Int[np.ndarray, "episodes"]
) -> list[Walk]:
    """States, actions and following states of each episode; all go to the longest's end, then are cut."""
    states, actions, memory = [plant.start(random, len(lengths))], [], None
    for _ in range(max(lengths)):
        action, memory = policy(random, states[-1], memory)
        actions.append(action)
        states.append(plant.step(random, states[-1], action))
    seen, done = np.stack(states, 1), np.stack(actions, 1)
    return [(seen[i, :n], done[i, :n], seen[i, 1 : n + 1]) for i, n in enumerate(lengths)]
