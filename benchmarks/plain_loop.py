"""What the engine is compared with: training loops as public single-file implementations write them.

One seed, eager, a module per network, torch's default Adam, a fancy gather per array, losses read with `.item()` at
every step and targets averaged parameter by parameter. Written for this comparison; nothing here is used elsewhere.
"""

from __future__ import annotations

import copy
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stages.datasets.episodes import EpisodeDataset

LEARNING_RATE = 3e-4
TARGET_UPDATE_RATE = 0.005


class ReplayBuffer:
    """One tensor per array of the dataset; a batch gathers each of them."""

    def __init__(self, arrays: dict[str, np.ndarray], seed: int) -> None:
        self.arrays = {name: torch.from_numpy(array) for name, array in arrays.items()}
        self.size = len(next(iter(arrays.values())))
        self.random = np.random.default_rng(seed)

    def sample(self, batch_size: int) -> list[Tensor]:
        """Uniformly drawn rows of every array."""
        index = self.random.integers(0, self.size, batch_size)
        return [array[index] for array in self.arrays.values()]


def perceptron(inputs: int, hidden_sizes: tuple[int, ...], outputs: int) -> nn.Sequential:
    """A multi-layer perceptron with ReLU between its layers."""
    sizes = (inputs, *hidden_sizes)
    hidden = [m for i, o in pairwise(sizes) for m in (nn.Linear(i, o), nn.ReLU())]
    return nn.Sequential(*hidden, nn.Linear(sizes[-1], outputs))


def soft_update(target: nn.Module, source: nn.Module, rate: float) -> None:
    """Polyak averaging, one parameter after the other."""
    for target_parameter, parameter in zip(target.parameters(), source.parameters(), strict=True):
        target_parameter.data.copy_((1 - rate) * target_parameter.data + rate * parameter.data)


class PlainSarsa:
    """SARSA Q with one output per cluster and a target network moved every second step (EMPO, Eqs. 11 and 13)."""

    def __init__(
        self, dataset: EpisodeDataset, labels: np.ndarray, hidden_sizes: tuple[int, ...], batch_size: int
    ) -> None:
        arrays = {
            "observations": dataset.observations[:-1],
            "actions": dataset.actions[:-1],
            "rewards": dataset.rewards[:-1, None],
            "next_observations": dataset.next_observations[:-1],
            "next_actions": dataset.actions[1:],
            "labels": labels[dataset.episode_of_step][:-1, None],
        }
        self.buffer, self.batch_size, self.discount = ReplayBuffer(arrays, seed=0), batch_size, 0.999
        inputs = dataset.observations.shape[1] + dataset.actions.shape[1]
        self.q = perceptron(inputs, hidden_sizes, int(labels.max()) + 1)
        self.q_target = copy.deepcopy(self.q).requires_grad_(False)
        self.optimiser = torch.optim.Adam(self.q.parameters(), lr=LEARNING_RATE)
        self.steps, self.log = 0, dict[str, float]()

    def step(self) -> None:
        """One gradient step."""
        self.steps += 1
        observations, actions, rewards, next_observations, next_actions, labels = self.buffer.sample(self.batch_size)
        with torch.no_grad():
            following = self.q_target(torch.cat([next_observations, next_actions], dim=1)).gather(1, labels)
            target = rewards + self.discount * following
        predicted = self.q(torch.cat([observations, actions], dim=1)).gather(1, labels)
        loss = functional.mse_loss(predicted, target)
        self.optimiser.zero_grad()
        loss.backward()
        self.optimiser.step()
        if self.steps % 2 == 0:
            soft_update(self.q_target, self.q, TARGET_UPDATE_RATE)
        self.log["q_loss"] = loss.item()


class Actor(nn.Module):
    """Deterministic policy with actions in [-1, 1]."""

    def __init__(self, observation: int, action: int, hidden_sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.net = perceptron(observation, hidden_sizes, action)

    def forward(self, observations: Tensor) -> Tensor:
        """Actions at `observations`."""
        return torch.tanh(self.net(observations))


class Critic(nn.Module):
    """Value of an action at an observation."""

    def __init__(self, observation: int, action: int, hidden_sizes: tuple[int, ...]) -> None:
        super().__init__()
        self.net = perceptron(observation + action, hidden_sizes, 1)

    def forward(self, observations: Tensor, actions: Tensor) -> Tensor:
        """Values ``[batch, 1]``."""
        return self.net(torch.cat([observations, actions], dim=1))


class PlainTd3Bc:
    """TD3+BC (Fujimoto and Gu, 2021) with its published settings."""

    def __init__(self, dataset: EpisodeDataset, hidden_sizes: tuple[int, ...], batch_size: int) -> None:
        arrays = {
            "observations": dataset.observations,
            "actions": dataset.actions,
            "rewards": dataset.rewards[:, None],
            "next_observations": dataset.next_observations,
            "terminations": dataset.terminations[:, None].astype(np.float32),
        }
        self.buffer, self.batch_size, self.discount = ReplayBuffer(arrays, seed=0), batch_size, 0.99
        sizes = dataset.observations.shape[1], dataset.actions.shape[1], hidden_sizes
        self.actor, self.critic_1, self.critic_2 = Actor(*sizes), Critic(*sizes), Critic(*sizes)
        networks = self.actor, self.critic_1, self.critic_2
        self.pairs = [(copy.deepcopy(network), network) for network in networks]
        self.actor_target, self.critic_1_target, self.critic_2_target = (target for target, _ in self.pairs)
        optimisers = (torch.optim.Adam(network.parameters(), lr=LEARNING_RATE) for network in networks)
        self.actor_optimiser, self.critic_1_optimiser, self.critic_2_optimiser = optimisers
        self.steps, self.log = 0, dict[str, float]()

    def step(self) -> None:
        """One step of the critics, and every second time one of the actor and the targets."""
        self.steps += 1
        observations, actions, rewards, next_observations, terminations = self.buffer.sample(self.batch_size)
        with torch.no_grad():
            noise = (torch.randn_like(actions) * 0.2).clamp(-0.5, 0.5)
            next_actions = (self.actor_target(next_observations) + noise).clamp(-1, 1)
            target_1 = self.critic_1_target(next_observations, next_actions)
            target_2 = self.critic_2_target(next_observations, next_actions)
            target = rewards + (1 - terminations) * self.discount * torch.min(target_1, target_2)
        q_1, q_2 = self.critic_1(observations, actions), self.critic_2(observations, actions)
        loss = functional.mse_loss(q_1, target) + functional.mse_loss(q_2, target)
        self.log["critic_loss"] = loss.item()
        self.critic_1_optimiser.zero_grad()
        self.critic_2_optimiser.zero_grad()
        loss.backward()
        self.critic_1_optimiser.step()
        self.critic_2_optimiser.step()
        if self.steps % 2 == 0:
            self.improve_actor(observations, actions)

    def improve_actor(self, observations: Tensor, actions: Tensor) -> None:
        """One step of the actor, then of the targets."""
        proposed = self.actor(observations)
        values = self.critic_1(observations, proposed)
        weight = 2.5 / values.abs().mean().detach()
        loss = -weight * values.mean() + functional.mse_loss(proposed, actions)
        self.log["actor_loss"] = loss.item()
        self.actor_optimiser.zero_grad()
        loss.backward()
        self.actor_optimiser.step()
        for target, network in self.pairs:
            soft_update(target, network, TARGET_UPDATE_RATE)
