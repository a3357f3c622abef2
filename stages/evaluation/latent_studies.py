"""What a policy that is told an embedding does between and beside the embeddings of levels.

Its return at points on lines between levels' mean embeddings, and with each dimension of a level's mean moved; and how
much its actions at states that the level recorded differ from those at the level's mean e_0:

    sqrt( mean over states and coordinates of (a(s, e) - a(s, e_0))^2 ),   a: the mean action in the data's box [-1, 1].

Source: the interpolation and perturbation studies of Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory
        Embeddings for Imitation, Classification and Regression, AAMAS 2025; how they were made there is not known here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.contract import Conditions
from stages.agents.told import ToldAgent
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.latent_points import Point, beside, level_means, on_lines
from stages.embeddings.split import true_policies
from stages.environments.base import VectorEnvironment
from stages.errors import UserError, did_you_mean
from stages.evaluation.latent_rows import LatentRow
from stages.evaluation.rollouts import roll_out
from stages.evaluation.settings import LatentStudySettings
from stages.seeding import Seeds


def study(
    make: Callable[[], VectorEnvironment],
    agent: ToldAgent,
    dataset: EpisodeDataset,
    seeds: Seeds,
    settings: LatentStudySettings,
) -> list[LatentRow]:
    """Every point of every seed.

    Args:
        make: Makes the task.
        agent: Policies that are told an embedding, with those of the levels' episodes.
        dataset: The episodes, with true policies: the levels.
        seeds: Of the policies.
        settings: Which points.

    Raises:
        UserError: The policies are told nothing, or the level to look around is not there.
    """
    if agent.vectors.shape[2] == 0:
        cause = "these policies are told nothing, so there is no latent to look into"
        raise UserError(cause, place="--policy", remedy="Give an imitator that is told an embedding")
    names = list(dataset.behaviour_policy_names) or [str(level) for level in range(agent.num_clusters)]
    order = by_return(dataset)
    around = order[(len(order) - 1) // 2] if settings.around is None else _level(settings.around, names)
    points = on_lines(order, settings.points) + beside(around, agent.vectors.shape[2], settings.offsets)
    means = level_means(agent.vectors, agent.levels)
    placed = agent.at(torch.stack([point.vector(means) for point in points], dim=1))
    changes = _action_changes(placed, points, dataset, settings.states)
    rows = []
    for index, point in enumerate(points):
        returns = roll_out(make, placed, seeds, settings.rollouts, cluster=index).returns[:, 0].mean(axis=1)
        other = "" if point.other is None else names[point.other]
        for seed, earned, change in zip(seeds, returns.tolist(), changes[index].tolist(), strict=True):
            rows.append(LatentRow(names[point.level], point.at, seed, earned, change, other, point.dimension))
    return rows


def by_return(dataset: EpisodeDataset) -> list[int]:
    """The levels, those whose episodes earn least first."""
    levels, returns = true_policies(dataset), dataset.episode_returns
    return sorted(range(int(levels.max()) + 1), key=lambda level: float(returns[levels == level].mean()))


def _level(name: str, names: Sequence[str]) -> int:
    if name not in names:
        raise UserError(f"unknown level {name!r}", place="around", remedy=did_you_mean(name, names))
    return names.index(name)


def _action_changes(
    agent: ToldAgent, points: Sequence[Point], dataset: EpisodeDataset, count: int
) -> Float[Tensor, "points seeds"]:
    """Against the level of each point, at evenly spaced states that it recorded."""
    levels, changes = true_policies(dataset)[dataset.episode_of_step], []
    for index, point in enumerate(points):
        rows = np.flatnonzero(levels == point.level)
        chosen = rows[np.linspace(0, len(rows) - 1, min(count, len(rows))).astype(np.int64)]
        states = torch.from_numpy(dataset.observations[chosen])
        start = next(i for i, other in enumerate(points) if other.level == point.level and other.at == 0)
        difference = _actions(agent, index, states) - _actions(agent, start, states)
        changes.append(difference.square().mean((1, 2)).sqrt())
    return torch.stack(changes)


def _actions(
    agent: ToldAgent, index: int, states: Float[Tensor, "states observation"]
) -> Float[Tensor, "seeds states action"]:
    """Mean actions of every seed when it is told the point of that index, brought to the data's box [-1, 1]."""
    seeds = torch.arange(agent.num_seeds).repeat_interleave(len(states))
    agent.begin(Conditions(seeds, clusters=torch.full((len(seeds),), index)))
    actions = agent.normaliser.actions(agent.act(states.repeat(agent.num_seeds, 1))).clamp(-1, 1)
    return actions.view(agent.num_seeds, len(states), -1)
