"""A card for each cluster of the first seed: what it holds, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from stages.plotting.cluster_card import Cluster, cluster_card
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.inputs import Clusters, DatasetResults
from stages.reporting.matching import partners
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, padded_paths, picture

SHOWN_EPISODES = 10


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
    """Cards of clustering `name`, in the order of the behaviours that its clusters were matched to.

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
    made = []
    for z in np.argsort(common, kind="stable"):
        card = _card(results, name, clusters.labels[0] == z, int(z), int(common[z]), place)
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
    results: DatasetResults, name: str, inside: np.ndarray, z: int, colour: int, place: NavigationMap | None
) -> Card:
    dataset = results.dataset
    assert dataset is not None
    episodes = np.flatnonzero(inside)
    title = f"Cluster {z}"
    if not len(episodes):
        return Card(title, [("episodes", "0, the cluster is empty")], None, colour)
    steps = inside[dataset.episode_of_step]
    actions, every = dataset.actions[steps], dataset.actions
    scale = every.std(axis=0) + 1e-12
    facts = [
        ("episodes", f"{len(episodes):,} ({inside.mean():.0%})"),
        ("steps", f"{steps.sum():,} ({steps.mean():.0%})"),
        ("return", _mean_and_spread(dataset.episode_returns[episodes])),
        ("length", _mean_and_spread(dataset.episode_lengths[episodes])),
    ]
    if dataset.behaviour_policy is not None:
        facts.append(("made by", _origin(dataset.behaviour_policy[episodes], dataset.behaviour_policy_names)))
    cluster = Cluster(
        index=colour,
        returns=dataset.episode_returns[episodes],
        lengths=dataset.episode_lengths[episodes],
        action_mean=((actions.mean(axis=0) - every.mean(axis=0)) / scale).astype(np.float64),
        action_spread=(actions.std(axis=0) / scale).astype(np.float64),
        paths=padded_paths(dataset, episodes[:SHOWN_EPISODES]) if place else np.zeros((0, 0, 2)),
    )
    figure = cluster_card(cluster, dataset.episode_returns, dataset.episode_lengths, place)
    alt = f"{title}: " + ", ".join(f"{key} {value}" for key, value in facts)
    return Card(title, facts, picture(figure, f"{results.name}-{name}-cluster-{z}", alt), colour)


def _mean_and_spread(values: np.ndarray) -> str:
    return f"{values.mean():,.1f} ± {values.std():,.1f}"


def _origin(policies: np.ndarray, names: tuple[str, ...]) -> str:
    numbers, counts = np.unique(policies, return_counts=True)
    called = [names[number] if names else f"behaviour {number}" for number in numbers]
    return ", ".join(f"{name} {count / len(policies):.0%}" for name, count in zip(called, counts, strict=True))
