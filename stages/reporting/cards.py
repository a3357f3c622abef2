"""A card for each cluster of the first seed: what it holds, and what it looks like."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stages.plotting.cluster_card import Cluster, cluster_card
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.inputs import Clusters, DatasetResults
from stages.reporting.matching import partners
from stages.reporting.pictures import Picture, padded_paths, picture

SHOWN_EPISODES = 10


@dataclass(frozen=True)
class Card:
    """One cluster: facts as (name, value) pairs, and a picture where it has episodes."""

    title: str
    facts: list[tuple[str, str]]
    picture: Picture | None
    colour: int


def cards(results: DatasetResults, name: str, clusters: Clusters, place: NavigationMap | None) -> list[Card]:
    """Cards of clustering `name`, in the order of the behaviours that its clusters were matched to."""
    if results.dataset is None:
        return []
    common = partners(results, clusters)[0]
    return [_card(results, name, clusters.labels[0] == z, int(z), int(common[z]), place) for z in np.argsort(common, kind="stable")]


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
    label = lambda number: names[number] if names else f"behaviour {number}"  # noqa: E731
    return ", ".join(f"{label(number)} {count / len(policies):.0%}" for number, count in zip(numbers, counts, strict=True))
