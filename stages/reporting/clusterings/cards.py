"""A card for each cluster of the first seed: what it holds, and what it looks like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from stages.datasets.episodes import EpisodeDataset
from stages.plotting.cluster_card import Cluster, cluster_card
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.clusterings.matching import partners
from stages.reporting.clusterings.profiles import actions_of, states_of
from stages.reporting.clusterings.quality import Quality
from stages.reporting.clusterings.results import Clusters
from stages.reporting.data.contents import padded_paths
from stages.reporting.data.place import grid_size, map_of
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.returns.results import Returns

SHOWN_EPISODES = 10
MOST_CARDS = 8


@dataclass(frozen=True)
class Card:
    """One cluster: facts as (name, value) pairs, and a picture where it has episodes."""

    title: str
    facts: list[tuple[str, str]]
    picture: Picture | None
    colour: int


def cards(results: DatasetResults, name: str, clusters: Clusters, followed: Mapping[str, str | None]) -> list[Card]:
    """Cards of clustering `name`, of the largest clusters, in the order of the behaviours they were matched to.

    Args:
        results: The dataset's results.
        name: Name of the clustering.
        clusters: The clustering.
        followed: By agent, the clustering that it acts by.
    """
    dataset = results.of(Data).dataset
    if dataset is None:
        return []
    common = partners(results, clusters)[0]
    sizes = np.bincount(clusters.labels[0], minlength=clusters.num_clusters)
    largest = np.argsort(-sizes, kind="stable")[:MOST_CARDS]
    if clusters.estimated:
        # Empty clusters only fill up the numbers that other seeds found.
        largest = largest[sizes[largest] > 0]
    drawing = _Drawing(f"{results.name}-{name}", dataset, map_of(results.of(Data)), grid_size(results.of(Data)))
    return [
        drawing.card(
            int(z),
            clusters.labels[0] == z,
            int(common[z]),
            _ambiguity(clusters, int(z)) + _alone(results, name, clusters, int(z), followed),
        )
        for z in sorted(largest, key=lambda z: (int(common[z]), int(z)))
    ]


def _ambiguity(clusters: Clusters, z: int) -> list[tuple[str, str]]:
    """How probable it is that an episode of the cluster belongs elsewhere, where there are other clusters."""
    inside = clusters.labels[0] == z
    if not clusters.ambiguity.size or not inside.any() or clusters.found[0] == 1:
        return []
    ambiguity = clusters.ambiguity[0, inside]
    return [("ambiguity", f"{ambiguity.mean():.1%} (most: {ambiguity.max():.1%})")]


def _alone(
    results: DatasetResults, name: str, clusters: Clusters, z: int, followed: Mapping[str, str | None]
) -> list[tuple[str, str]]:
    """Mean return of the cluster's policy without any other, in each agent that acts by this clustering."""
    return [
        (f"policy alone, {caption('agents', agent)}", f"{evaluation.cluster_returns[row, z].mean():,.1f}")
        for agent, evaluation in results.of(Returns).evaluations.items()
        if followed.get(agent) == name and evaluation.cluster_returns.size
        for row in np.flatnonzero(evaluation.seeds == clusters.seeds[0])
    ]


class _Drawing:
    """Makes cards of one clustering, what they share being computed once."""

    def __init__(self, name: str, dataset: EpisodeDataset, place: NavigationMap | None, size: int | None) -> None:
        self.name, self.dataset, self.place, self.size = name, dataset, place, size
        self.quality = Quality(dataset)

    def card(self, z: int, inside: Bool[np.ndarray, "episodes"], colour: int, further: list[tuple[str, str]]) -> Card:
        """Of cluster `z`, with further facts."""
        dataset, episodes, title = self.dataset, np.flatnonzero(inside), f"Cluster {z}"
        if not len(episodes):
            return Card(title, [("episodes", "0, the cluster is empty"), *further], None, colour)
        steps = np.repeat(inside, dataset.episode_lengths)
        facts = [*_facts(dataset, episodes, steps), *self.quality.facts(episodes, steps)]
        on_map = self.place is not None or self.size is not None
        cluster = Cluster(
            index=colour,
            returns=dataset.episode_returns[episodes],
            lengths=dataset.episode_lengths[episodes],
            actions=actions_of(dataset, steps, on_grid=self.size is not None),
            states=None if self.place else states_of(dataset, steps, self.size),
            paths=padded_paths(dataset, episodes[:SHOWN_EPISODES]) if on_map else np.zeros((0, 0, 2)),
        )
        figure = cluster_card(cluster, dataset.episode_returns, dataset.episode_lengths, self.place)
        alt = f"{title}: " + ", ".join(f"{key} {value}" for key, value in facts)
        return Card(title, [*facts, *further], picture(figure, f"{self.name}-cluster-{z}", alt), colour)


def _facts(dataset: EpisodeDataset, episodes: np.ndarray, steps: Bool[np.ndarray, "steps"]) -> list[tuple[str, str]]:
    facts = [
        ("episodes", f"{len(episodes):,} ({len(episodes) / dataset.num_episodes:.0%})"),
        ("steps", f"{steps.sum():,} ({steps.mean():.0%})"),
        ("return", _mean_and_spread(dataset.episode_returns[episodes])),
        ("length", _mean_and_spread(dataset.episode_lengths[episodes])),
    ]
    if dataset.behaviour_policy is not None:
        facts.append(("made by", _origin(dataset.behaviour_policy[episodes], dataset.behaviour_policy_names)))
    return facts


def _mean_and_spread(values: np.ndarray) -> str:
    digits = 1 if np.abs(values).max() >= 10 else 2
    return f"{values.mean():,.{digits}f} ± {values.std():,.{digits}f}"


def _origin(policies: np.ndarray, names: tuple[str, ...]) -> str:
    """The policies by their share of the episodes, largest first; shares below 1 % are added up."""
    numbers, counts = np.unique(policies, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    shares = counts[order] / len(policies)
    called = [caption("behaviours", names[number]) if names else f"behaviour {number}" for number in numbers[order]]
    shown = [f"{name} {share:.0%}" for name, share in zip(called, shares, strict=True) if share >= 0.01]
    rest = shares[shares < 0.01].sum()
    return ", ".join(shown) + (f", others {rest:.1%}" if rest else "")
