"""Tasks of one step, whose answers are known by quadrature."""

from __future__ import annotations

import numpy as np
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import train_offline
from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job
from tests.synthetic import dataset_of

SEEDS = [0, 1]
BEST = 0.5
GRID = np.linspace(-1, 1, 20001)  # actions are uniform over it


def bandit(number: int = 1500) -> EpisodeDataset:
    """Actions uniform in [-1, 1], reward ``-1 - (a - BEST)^2``."""
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (number, 1))
    return dataset_of(random.uniform(-1, 1, (number, 1)), actions, rewards_of(actions[:, 0]), [1] * number)


def rewards_of(actions: np.ndarray) -> np.ndarray:
    return -1 - (actions - BEST) ** 2


def weighted_mean_action(temperature: float) -> float:
    """The mean of actions weighted by ``exp(temperature * reward)``."""
    weights = np.exp(temperature * rewards_of(GRID))
    return float((weights * GRID).sum() / weights.sum())


def trained(dataset: EpisodeDataset, method: str, **settings) -> Artifact:
    made = train_offline(Job(dataset, SEEDS), ALGORITHMS.choose({"method": method, **settings}))
    made.metadata["seeds"] = SEEDS
    return made


def mean_actions(made: Artifact, states: int = 20, noise: bool = False) -> np.ndarray:
    """Each seed's mean action over states in [-1, 1]."""
    agent = load_agent([made])
    agent.begin(Conditions(torch.arange(len(SEEDS)).repeat_interleave(states)))
    asked = torch.linspace(-1, 1, states)[:, None].repeat(len(SEEDS), 1)
    random = torch.Generator().manual_seed(0)
    drawn = torch.randn(len(asked), 1, generator=random) if noise else None
    return agent.act(asked, drawn).view(len(SEEDS), states).mean(1).numpy()
