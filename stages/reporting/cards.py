"""A card for each cluster of the first seed: what it holds, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool

from stages.datasets.episodes import EpisodeDataset
from stages.plotting.cluster_card import Cluster, cluster_card
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.inputs import Clusters, DatasetResults
from stages.reporting.matching import partners
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, padded_paths, picture
from stages.reporting.place import grid_size
from stages.reporting.profiles import actions_of, states_of
from stages.reporting.quality import Quality

SHOWN_EPISODES = 10
MOST_CARDS = 8


@dataclass(frozen=True)
class Card:
    """One cluster: facts as (name, value) pairs, and a picture where it has episodes."""

    title: str
    facts: list[tuple[str, str]]
    picture: Picture | None
    colour: int


def cards(
    results: DatasetResults, name: str, clusters: Clusters, place: NavigationMap | None, agents: dict[str, Any]
) -> list[Card]:
    """Cards of clustering `name`, of the largest clusters, in the order of the behaviours they were matched to.

    Args:
        results: The dataset's results.
        name: Name of the clustering.
        clusters: The clustering.
        place: The map, where there is one.
        agents: The params' `agents`, which say who acts by this clustering.
    """
    if results.dataset is None:
        return []
    common = partners(results, clusters)[0]
    sizes = np.bincount(clusters.labels[0], minlength=clusters.num_clusters)
    largest = np.argsort(-sizes, kind="stable")[:MOST_CARDS]
    if clusters.estimated:
        # Empty clusters only fill up the numbers that other seeds found.
        largest = largest[sizes[largest] > 0]
    quality = Quality(results.dataset)
    made = []
    for z in sorted(largest, key=lambda z: (int(common[z]), int(z))):
        card = _card(results, name, clusters.labels[0] == z, int(z), int(common[z]), place, quality)
        card.facts.extend(_alone(results, name, int(clusters.seeds[0]), int(z), agents))
        made.append(card)
    return made


def _alone(results: DatasetResults, name: str, seed: int, z: int, agents: dict[str, Any]) -> list[tuple[str, str]]:
    """Mean return of the cluster's policy without any other, in each agent that acts by this clustering."""
    return [
        (f"policy alone, {caption('agents', agent)}", f"{evaluation.cluster_returns[row, z].mean():,.1f}")
        for agent, evaluation in results.evaluations.items()
        if agents.get(agent, {}).get("clusters") == name and evaluation.cluster_returns.size
        for row in np.flatnonzero(evaluation.seeds == seed)
    ]


def _card(
    results: DatasetResults,
    name: str,
    inside: Bool[np.ndarray, "episodes"],
    z: int,
    colour: int,
    place: NavigationMap | None,
    quality: Quality,
) -> Card:
    dataset = results.dataset
    assert dataset is not None
    episodes = np.flatnonzero(inside)
    title = f"Cluster {z}"
    if not len(episodes):
        return Card(title, [("episodes", "0, the cluster is empty")], None, colour)
    size = grid_size(results)
    steps = np.repeat(inside, dataset.episode_lengths)
    facts = [*_facts(dataset, episodes, steps), *quality.facts(episodes, steps)]
    cluster = Cluster(
        index=colour,
        returns=dataset.episode_returns[episodes],
        lengths=dataset.episode_lengths[episodes],
        actions=actions_of(dataset, steps, on_grid=size is not None),
        states=None if place else states_of(dataset, steps, size),
        paths=padded_paths(dataset, episodes[:SHOWN_EPISODES]) if place or size else np.zeros((0, 0, 2)),
    )
    figure = cluster_card(cluster, dataset.episode_returns, dataset.episode_lengths, place)
    alt = f"{title}: " + ", ".join(f"{key} {value}" for key, value in facts)
    return Card(title, facts, picture(figure, f"{results.name}-{name}-cluster-{z}", alt), colour)


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
    told = [f"{name} {share:.0%}" for name, share in zip(called, shares, strict=True) if share >= 0.01]
    rest = shares[shares < 0.01].sum()
    return ", ".join(told) + (f", others {rest:.1%}" if rest else "")
