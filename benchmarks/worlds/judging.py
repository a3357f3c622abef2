"""The worlds that clustering methods are judged on; no constant may be chosen on them.

Each function draws one data set of its kind; true K is the number of its policies. Dynamics, sizes, noises and lengths
of episodes are other than the training worlds'.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from benchmarks.worlds.actors import Actor, choosing, linear, moving, network
from benchmarks.worlds.oracle import Family
from benchmarks.worlds.people import game, plane, playing, steering
from benchmarks.worlds.plants import integrating, recorded, rotating, saturating, two_regions
from stages.datasets.episodes import EpisodeDataset

World = Callable[[np.random.Generator], EpisodeDataset]
WORLDS: dict[str, World] = {}
ORACLES: dict[str, Family | None] = {}


def world(oracle: Family | None = None) -> Callable[[World], World]:
    """List a kind of world under the name of its function.

    Args:
        oracle: Family of its policies in `benchmarks.worlds.oracle`; None for one policy, and where no family is right.
    """

    def listed(draw: World) -> World:
        WORLDS[draw.__name__], ORACLES[draw.__name__] = draw, oracle
        return draw

    return listed


def lengths(random: np.random.Generator, counts: Sequence[int], least: int, most: int) -> list[Int[np.ndarray, "n"]]:
    """Steps of `counts` episodes of each policy, log-uniform."""
    return [np.exp(random.uniform(np.log(least), np.log(most + 1), count)).astype(np.int64) for count in counts]


def weights(random: np.random.Generator, states: int, actions: int, size: float) -> Float[np.ndarray, "state action"]:
    """Random weights that make actions of about `size` from states of about one."""
    return size * random.standard_normal((states, actions)) / np.sqrt(states)


def around(
    random: np.random.Generator, policies: int, states: int, actions: int, gap: float, noise: float
) -> list[Actor]:
    """Linear policies whose weights and offsets are spread by `gap` about shared ones."""
    middle = weights(random, states, actions, 0.7)
    return [
        moving(linear(middle + weights(random, states, actions, gap), gap * random.standard_normal(actions)), noise)
        for _ in range(policies)
    ]


@world()
def one_linear(random: np.random.Generator) -> EpisodeDataset:
    """One linear policy in a world that turns; long and short episodes."""
    policies = around(random, 1, 5, 3, 0.3, 0.25)
    return recorded(random, rotating(random, 5, 3), policies, lengths(random, [60], 15, 200))


@world()
def one_network(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear policy between walls."""
    policies = [moving(network(random, 6, 2, 1.2), 0.08)]
    return recorded(random, integrating(random, 3, 2), policies, lengths(random, [110], 50, 130))


@world()
def one_clipped(random: np.random.Generator) -> EpisodeDataset:
    """Actions are at the edge of a box of 0.7 much of the time."""
    policies = [moving(linear(weights(random, 3, 4, 2.0), 0.4), 0.15, limit=0.7)]
    return recorded(random, saturating(random, 3, 4), policies, lengths(random, [50], 40, 120))


@world()
def one_uneven_noise(random: np.random.Generator) -> EpisodeDataset:
    """The noise grows away from the origin."""
    policies = [moving(linear(weights(random, 4, 2, 0.8)), lambda s: 0.05 + np.square(s[:, :2]).sum(1)[:, None])]
    return recorded(random, rotating(random, 4, 2), policies, lengths(random, [70], 40, 160))


@world()
def one_heavy_tails(random: np.random.Generator) -> EpisodeDataset:
    """Noise after Student's t with 3 degrees of freedom."""
    policies = [moving(linear(weights(random, 6, 3, 0.6)), 0.2, freedom=3.0)]
    return recorded(random, saturating(random, 6, 3), policies, lengths(random, [90], 30, 100))


@world()
def one_lasting_noise(random: np.random.Generator) -> EpisodeDataset:
    """Noise with a correlation time of 30 steps, linear policy."""
    policies = [moving(linear(weights(random, 6, 2, 0.8)), 0.4, float(np.exp(-1 / 30)))]
    return recorded(random, integrating(random, 3, 2), policies, lengths(random, [90], 60, 240))


@world()
def one_network_lasting_noise(random: np.random.Generator) -> EpisodeDataset:
    """Noise with a correlation time of 12 steps, nonlinear policy."""
    policies = [moving(network(random, 5, 3, 1.0), 0.15, float(np.exp(-1 / 12)))]
    return recorded(random, rotating(random, 5, 3), policies, lengths(random, [80], 60, 180))


@world()
def one_chooser(random: np.random.Generator) -> EpisodeDataset:
    """One softmax policy of 6 choices."""
    policies = [choosing(linear(weights(random, 3, 6, 2.5), random.standard_normal(6)))]
    return recorded(random, saturating(random, 3, 6), policies, lengths(random, [70], 30, 150), discrete=True)


@world()
def one_choosing_network(random: np.random.Generator) -> EpisodeDataset:
    """One nonlinear policy of 3 choices."""
    policies = [choosing(network(random, 4, 3, 3.0))]
    return recorded(random, integrating(random, 2, 3), policies, lengths(random, [90], 40, 120), discrete=True)


@world()
def one_sticky_chooser(random: np.random.Generator) -> EpisodeDataset:
    """The last of 4 choices is repeated with probability 0.6."""
    policies = [choosing(linear(weights(random, 5, 4, 2.0)), stick=0.6)]
    return recorded(random, rotating(random, 5, 4), policies, lengths(random, [60], 60, 160), discrete=True)


@world()
def one_in_two_regions(random: np.random.Generator) -> EpisodeDataset:
    """Episodes of one nonlinear policy start in two regions and meet between them."""
    policies = [moving(network(random, 3, 2, 1.0), 0.1)]
    return recorded(random, two_regions(random, 3, 2), policies, lengths(random, [60], 120, 240))


@world("linear")
def precise(random: np.random.Generator) -> EpisodeDataset:
    """Two policies with very little noise that differ by little more; one has half the episodes of the other."""
    policies = around(random, 2, 7, 2, 0.004, 0.002)
    return recorded(random, rotating(random, 7, 2), policies, lengths(random, [30, 15], 40, 100))


@world("linear")
def small_gap(random: np.random.Generator) -> EpisodeDataset:
    """Three policies whose episodes overlap: the oracle errs, too."""
    policies = around(random, 3, 3, 2, 0.12, 0.3)
    return recorded(random, saturating(random, 3, 2), policies, lengths(random, [25] * 3, 40, 120))


@world("linear")
def wide(random: np.random.Generator) -> EpisodeDataset:
    """Four policies differ in the use of 6 of 80 observations."""
    middle, changes = weights(random, 80, 2, 0.7), np.zeros((4, 80, 2))
    changes[:, random.permutation(80)[:6]] = 0.25 * random.standard_normal((4, 6, 2))
    policies = [moving(linear(middle + change), 0.25) for change in changes]
    return recorded(random, saturating(random, 80, 2), policies, lengths(random, [22] * 4, 60, 160))


@world("linear")
def collinear_actions(random: np.random.Generator) -> EpisodeDataset:
    """Two coordinates never move, two are sums of the two others."""
    policies = around(random, 3, 5, 2, 0.35, 0.3)
    dataset = recorded(random, rotating(random, 5, 2), policies, lengths(random, [18] * 3, 40, 100))
    shown = dataset.actions @ np.array([[1, 0, 0, 0.5, 2], [0, 1, 0, 0.5, -1]]), np.array([0, 0, 0.3, 0, 0])
    fixed = np.full((dataset.num_steps, 1), -1.0)
    return replace(dataset, actions=np.hstack([sum(shown), fixed]).astype(np.float32))


@world("linear")
def rare(random: np.random.Generator) -> EpisodeDataset:
    """Two per cent of the episodes are another policy's."""
    policies = around(random, 2, 6, 2, 0.5, 0.3)
    return recorded(random, integrating(random, 3, 2), policies, lengths(random, [196, 4], 60, 120))


@world("linear")
def twelve(random: np.random.Generator) -> EpisodeDataset:
    """Twelve policies with 4 to 37 episodes."""
    policies = around(random, 12, 5, 3, 0.5, 0.3)
    return recorded(random, saturating(random, 5, 3), policies, lengths(random, range(4, 40, 3), 30, 100))


@world("linear")
def twenty(random: np.random.Generator) -> EpisodeDataset:
    """Twenty policies with 5 to 24 episodes, many of them short."""
    policies = around(random, 20, 4, 2, 0.7, 0.3)
    return recorded(random, rotating(random, 4, 2), policies, lengths(random, range(5, 25), 25, 80))


@world("network")
def four_networks(random: np.random.Generator) -> EpisodeDataset:
    """Four nonlinear policies between walls."""
    policies = [moving(network(random, 4, 2, 1.0), 0.1) for _ in range(4)]
    return recorded(random, integrating(random, 2, 2), policies, lengths(random, [35, 30, 25, 20], 50, 150))


@world("network")
def near_networks(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies that are mostly the same."""
    shared, differing = network(random, 5, 3, 1.0), [network(random, 5, 3, 0.3) for _ in range(3)]
    policies = [moving(lambda s, more=more: shared(s) + more(s), 0.1) for more in differing]
    return recorded(random, rotating(random, 5, 3), policies, lengths(random, [30] * 3, 60, 120))


@world("network")
def networks_lasting_noise(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies, noise with a correlation time of 10 steps."""
    policies = [moving(network(random, 4, 2, 1.0), 0.2, float(np.exp(-1 / 10))) for _ in range(3)]
    return recorded(random, rotating(random, 4, 2), policies, lengths(random, [30, 25, 35], 60, 180))


@world()
def two_clipped(random: np.random.Generator) -> EpisodeDataset:
    """Two linear policies whose actions are at the edge of a box of 0.8 much of the time."""
    policies = [moving(linear(weights(random, 5, 3, 1.6)), 0.15, limit=0.8) for _ in range(2)]
    return recorded(random, saturating(random, 5, 3), policies, lengths(random, [24, 36], 40, 120))


@world("linear")
def two_choosers(random: np.random.Generator) -> EpisodeDataset:
    """Two softmax policies of 4 choices that are mostly sure of them and often agree."""
    middle = weights(random, 5, 4, 4.0)
    policies = [choosing(linear(middle + weights(random, 5, 4, 2.0))) for _ in range(2)]
    return recorded(random, rotating(random, 5, 4), policies, lengths(random, [30, 20], 40, 100), discrete=True)


@world("linear")
def four_choosers(random: np.random.Generator) -> EpisodeDataset:
    """Four softmax policies of 3 choices."""
    policies = [choosing(linear(weights(random, 6, 3, 1.8), random.standard_normal(3) / 2)) for _ in range(4)]
    return recorded(random, integrating(random, 3, 3), policies, lengths(random, [20] * 4, 60, 140), discrete=True)


@world("network")
def three_choosing_networks(random: np.random.Generator) -> EpisodeDataset:
    """Three nonlinear policies of 5 choices."""
    policies = [choosing(network(random, 4, 5, 3.0)) for _ in range(3)]
    return recorded(random, rotating(random, 4, 5), policies, lengths(random, [20, 30, 25], 60, 120), discrete=True)


@world()
def people_in_the_plane(random: np.random.Generator) -> EpisodeDataset:
    """26 people steer to targets in the plane, 6 or 7 pieces each."""
    policies, pieces = [steering(random) for _ in range(26)], random.integers(6, 8, 26)
    return recorded(random, plane(), policies, lengths(random, pieces, 100, 1000))


@world()
def people_in_a_game(random: np.random.Generator) -> EpisodeDataset:
    """22 people play one game of 288 states, 6 or 7 pieces each."""
    policies, pieces = [playing(random) for _ in range(22)], random.integers(6, 8, 22)
    return recorded(random, game(), policies, lengths(random, pieces, 100, 400), discrete=True)
