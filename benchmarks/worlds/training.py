"""The worlds that constants of clustering methods may be chosen on.

Each function draws one data set of its kind; true K is the number of its policies.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from benchmarks.worlds import actors
from benchmarks.worlds.crowds import chase, following, garden, gathering
from benchmarks.worlds.errands import circling, court, running_errands, steering, town
from benchmarks.worlds.plants import gliding, recorded
from benchmarks.worlds.simulated import Policy, choosing, episodes_of, linear, network
from stages.datasets.episodes import EpisodeDataset

World = Callable[[np.random.Generator], EpisodeDataset]
WORLDS: dict[str, World] = {}


def world(draw: World) -> World:
    """List a kind of world under the name of its function."""
    WORLDS[draw.__name__] = draw
    return draw


def weights(random: np.random.Generator, states: int, actions: int, size: float) -> np.ndarray:
    """Random weights whose squares sum to ``size^2 actions``."""
    return size * random.standard_normal((actions, states)) / np.sqrt(states)


def opposite(random: np.random.Generator, gap: float, noise: float, **more: object) -> list[Policy]:
    """Two linear policies of 4 states and 2 actions, their weights `gap` apart in the Frobenius norm."""
    middle, way = weights(random, 4, 2, 0.5), random.standard_normal((2, 4))
    way /= np.linalg.norm(way)
    return [linear(middle + sign * gap / 2 * way, noise, **more) for sign in (1, -1)]


@world
def precise(random: np.random.Generator) -> EpisodeDataset:
    """Two policies with little noise and a smaller gap than most."""
    return episodes_of(random, opposite(random, 0.004, 0.001), [20, 20], 60, 4)


@world
def small_gap(random: np.random.Generator) -> EpisodeDataset:
    """Two policies whose episodes overlap: the oracle errs, too."""
    return episodes_of(random, opposite(random, 0.6, 0.3), [20, 20], 60, 4)


@world
def idle_actions(random: np.random.Generator) -> EpisodeDataset:
    """Three action coordinates never move."""
    return episodes_of(random, opposite(random, 1.0, 0.3, idle=(0.0, 0.5, -1.0)), [20, 20], 60, 4)


@world
def rare(random: np.random.Generator) -> EpisodeDataset:
    """Two per cent of the episodes are another policy's."""
    return episodes_of(random, opposite(random, 1.2, 0.3), [147, 3], 80, 4)


@world
def many(random: np.random.Generator) -> EpisodeDataset:
    """Twenty policies of ten short episodes each."""
    middle = weights(random, 4, 2, 0.5)
    policies = [linear(middle + weights(random, 4, 2, 0.6), 0.3) for _ in range(20)]
    return episodes_of(random, policies, [10] * 20, 50, 4)


@world
def wide(random: np.random.Generator) -> EpisodeDataset:
    """Policies differ in the use of 5 of 50 observations."""
    middle, policies = weights(random, 50, 3, 0.5), []
    for _ in range(3):
        changed = middle.copy()
        changed[:, :5] += 0.36 * random.standard_normal((3, 5))
        policies.append(linear(changed, 0.3))
    return episodes_of(random, policies, [30] * 3, 100, 50)


@world
def one_network(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear policy."""
    return episodes_of(random, [network(random, 6, 3, 0.05)], [80], 100, 6)


@world
def three_networks(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies."""
    return episodes_of(random, [network(random, 6, 3, 0.05) for _ in range(3)], [30] * 3, 100, 6)


@world
def similar_networks(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies that are mostly the same."""
    shared, policies = network(random, 6, 3, 0.0).mean, []
    for _ in range(3):
        peculiar = network(random, 6, 3, 0.0).mean
        policies.append(Policy(lambda s, more=peculiar: shared(s) + 0.3 * more(s), lambda s: 0.15))
    return episodes_of(random, policies, [25] * 3, 80, 6)


@world
def one_clipped(random: np.random.Generator) -> EpisodeDataset:
    """Actions saturate at the edge of the box."""
    return episodes_of(random, [linear(weights(random, 6, 3, 1.8), 0.3, limit=1.0)], [80], 100, 6)


@world
def opposite_clipped(random: np.random.Generator) -> EpisodeDataset:
    """Two policies that do the opposite, in few short episodes, a quarter of the steps at the edge."""
    gains = weights(random, 4, 2, 1.5)
    return episodes_of(random, [linear(sign * gains, 0.1, limit=1.0) for sign in (1, -1)], [10, 10], 60, 4)


@world
def eight_clipped(random: np.random.Generator) -> EpisodeDataset:
    """Eight policies, some of which are at the edge nearly always."""
    return episodes_of(random, [linear(weights(random, 4, 2, 1.2), 0.2, limit=1.0) for _ in range(8)], [8] * 8, 60, 4)


@world
def two_clipped_hard(random: np.random.Generator) -> EpisodeDataset:
    """Two policies of which nine steps of ten are at an edge."""
    return episodes_of(random, [linear(weights(random, 6, 3, 4.0), 0.3, limit=0.5) for _ in range(2)], [20, 20], 80, 6)


@world
def throttles(random: np.random.Generator) -> EpisodeDataset:
    """Three policies; one action coordinate cannot be negative."""
    return altered(three_linear(random), 0, lambda action: np.maximum(action, 0))


@world
def grippers(random: np.random.Generator) -> EpisodeDataset:
    """Three policies; one action coordinate is -1 or 1."""
    return altered(three_linear(random), 1, np.sign)


@world
def one_lasting_noise(random: np.random.Generator) -> EpisodeDataset:
    """Ornstein-Uhlenbeck noise with a correlation time of 50 of 100 steps."""
    return episodes_of(random, [linear(weights(random, 4, 2, 1.0), 0.3, memory=float(np.exp(-1 / 50)))], [100], 100, 4)


@world
def one_uneven_noise(random: np.random.Generator) -> EpisodeDataset:
    """The noise is larger in some states than in others."""
    mean, slope = weights(random, 4, 2, 1.0), 0.6 * random.standard_normal(4)
    policy = Policy(lambda state: mean @ state, lambda state: 0.2 * np.exp(np.clip(slope @ state, -2, 2)))
    return episodes_of(random, [policy], [80], 100, 4)


@world
def choices(random: np.random.Generator) -> EpisodeDataset:
    """Three policies with discrete actions in continuous states."""
    return episodes_of(random, [choosing(*logits(random, 4, 4, 1.0)) for _ in range(3)], [25] * 3, 80, 4)


@world
def choices_of_two(random: np.random.Generator) -> EpisodeDataset:
    """Two policies with discrete actions that are mostly sure of them."""
    return episodes_of(random, [choosing(*logits(random, 6, 3, 4.0)) for _ in range(2)], [20] * 2, 60, 6)


@world
def one_chooser(random: np.random.Generator) -> EpisodeDataset:
    """One policy with discrete actions."""
    return episodes_of(random, [choosing(*logits(random, 4, 4, 2.0))], [80], 80, 4)


@world
def one_choosing_network(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear policy with discrete actions."""
    mean = network(random, 5, 4, 0.0).mean
    return episodes_of(random, [Policy(lambda s: 4 * mean(s), lambda s: 0.0, chooses=True)], [80], 80, 5)


@world
def choosing_networks(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies with discrete actions."""
    means = [network(random, 5, 4, 0.0).mean for _ in range(3)]
    policies = [Policy(lambda s, mean=mean: 4 * mean(s), lambda s: 0.0, chooses=True) for mean in means]
    return episodes_of(random, policies, [25] * 3, 80, 5)


@world
def five_choosers(random: np.random.Generator) -> EpisodeDataset:
    """Five policies with discrete actions."""
    return episodes_of(random, [choosing(*logits(random, 5, 4, 2.0)) for _ in range(5)], [16] * 5, 80, 5)


@world
def five_gliding_choosers(random: np.random.Generator) -> EpisodeDataset:
    """Five policies with discrete actions that go to different places."""
    return gliding_choosers(random, 5, 16, 2, 4, 2.0)


@world
def four_gliding_choosers(random: np.random.Generator) -> EpisodeDataset:
    """Four policies with discrete actions that go to different places, of four dimensions."""
    return gliding_choosers(random, 4, 22, 4, 3, 1.5)


@world
def people_following(random: np.random.Generator) -> EpisodeDataset:
    """Twenty people follow a target, 5 to 8 pieces each."""
    people, pieces = [following(random) for _ in range(20)], random.integers(5, 9, 20)
    return recorded(random, chase(), people, [random.integers(80, 601, count) for count in pieces])


@world
def people_gathering(random: np.random.Generator) -> EpisodeDataset:
    """Sixteen people gather on 300 states, 5 to 8 pieces each."""
    people, pieces = [gathering(random) for _ in range(16)], random.integers(5, 9, 16)
    return recorded(random, garden(), people, [random.integers(100, 501, count) for count in pieces], discrete=True)


@world
def people_circling(random: np.random.Generator) -> EpisodeDataset:
    """Thirty people walk in circles, 6 or 7 pieces each."""
    return recorded(random, court(), [circling(random) for _ in range(30)], pieces(random, 30))


@world
def people_steering(random: np.random.Generator) -> EpisodeDataset:
    """Twenty-four people steer to a place, each with gains of their own; nothing but linear, 6 or 7 pieces each."""
    return recorded(random, court(), [steering(random) for _ in range(24)], pieces(random, 24))


@world
def one_circling(random: np.random.Generator) -> EpisodeDataset:
    """One person walks in circles, 60 pieces."""
    return recorded(random, court(), [circling(random)], [random.integers(100, 501, 60)])


@world
def one_plane_network(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear policy of two observations."""
    return episodes_of(random, [network(random, 2, 2, 0.05)], [80], 100, 2)


@world
def three_plane_networks(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies of two observations."""
    return episodes_of(random, [network(random, 2, 2, 0.05) for _ in range(3)], [30] * 3, 100, 2)


@world
def people_on_errands(random: np.random.Generator) -> EpisodeDataset:
    """Thirty people run errands on 560 states, 6 or 7 pieces each."""
    return recorded(random, town(), [running_errands(random) for _ in range(30)], pieces(random, 30), discrete=True)


@world
def one_on_errands(random: np.random.Generator) -> EpisodeDataset:
    """One person runs errands, 60 pieces."""
    steps = [random.integers(100, 501, 60)]
    return recorded(random, town(), [running_errands(random)], steps, discrete=True)


def pieces(random: np.random.Generator, people: int) -> list[np.ndarray]:
    """Steps of 6 or 7 pieces of each person, 100 to 1,000, log-uniform."""
    return [np.exp(random.uniform(*np.log((100, 1001)), random.integers(6, 8))).astype(int) for _ in range(people)]


def three_linear(random: np.random.Generator) -> EpisodeDataset:
    """Episodes of three linear policies of 5 states and 2 actions."""
    return episodes_of(random, [linear(weights(random, 5, 2, 1.0), 0.3) for _ in range(3)], [15] * 3, 80, 5)


def altered(dataset: EpisodeDataset, coordinate: int, change: Callable[[np.ndarray], np.ndarray]) -> EpisodeDataset:
    """A dataset whose record shows another value of an action coordinate than the one that was acted on."""
    actions = dataset.actions.copy()
    actions[:, coordinate] = change(actions[:, coordinate])
    return replace(dataset, actions=actions)


def gliding_choosers(
    random: np.random.Generator, policies: int, episodes: int, places: int, choices: int, size: float
) -> EpisodeDataset:
    """Episodes of 50 to 120 steps of softmax policies in a world that glides."""
    plant, choosers = gliding(random, places, choices), []
    for _ in range(policies):
        weights, offsets = logits(random, 2 * places, choices, size)
        choosers.append(actors.choosing(actors.linear(weights.T, offsets)))
    steps = [random.integers(50, 121, episodes) for _ in range(policies)]
    return recorded(random, plant, choosers, steps, discrete=True)


def logits(random: np.random.Generator, states: int, actions: int, size: float) -> tuple[np.ndarray, np.ndarray]:
    """Random weights and offsets of the logits of choices."""
    return size * random.standard_normal((actions, states)) / np.sqrt(states), 0.3 * random.standard_normal(actions)
