"""Tasks and agents whose rollouts can be told beforehand."""

import numpy as np
import torch

from stages.agents.contract import Agent
from stages.agents.network import NetworkAgent
from stages.environments.base import Step, VectorEnvironment
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.seeding import generators

ONES = Normaliser(torch.zeros(2), torch.full((2,), 10.0), torch.zeros(2), torch.full((2,), 0.2))


class Countdown(VectorEnvironment):
    """Agent i counts down from i + 1, one a step; its episode ends at 0, and after that each step pays 1000."""

    observation_low, observation_high = np.zeros(1), np.full(1, 100.0)
    action_low, action_high = -np.ones(1), np.ones(1)
    max_episode_steps = 4
    closed = 0

    def reset(self, num_agents, generator):
        self.left = np.arange(1.0, num_agents + 1)
        return self.left[:, None].copy()

    def step(self, actions):
        rewards = np.where(self.left > 0, -1.0, 1000.0)
        self.left = self.left - 1
        return Step(self.left[:, None].copy(), rewards, self.left == 0)

    def close(self):
        Countdown.closed += 1


class Still(Agent):
    """Does nothing, and writes down what it is told; says that it follows `cluster`."""

    num_seeds = 1

    def __init__(self, num_seeds: int, cluster: int | None = None) -> None:
        self.num_seeds, self.cluster, self.events = num_seeds, cluster, []

    def begin(self, conditions):
        self.conditions, self.events = conditions, ["begin"]

    def act(self, observations, noise=None):
        self.events.append("act")
        self.followed = None if self.cluster is None else torch.full((len(observations),), self.cluster)
        return torch.zeros(len(observations), 1)

    def observe(self, rewards, costs):
        self.events.append("observe")


class Diagonal(Agent):
    """Goes straight to the goal, or, under a limit below 20, stays where it is."""

    num_seeds = 2

    def __init__(self, num_seeds: int = 2) -> None:
        self.num_seeds = num_seeds

    def begin(self, conditions):
        self.conditions, self.observed = conditions, []

    def act(self, observations, noise=None):
        still = self.conditions.limits[:, None] < 20
        return torch.where(still, torch.zeros_like(observations), torch.full_like(observations, 0.2))

    def observe(self, rewards, costs):
        self.observed.append((rewards, costs))


def random_walkers(seeds: list[int]) -> NetworkAgent:
    policy = Ensemble((2, 8, 4), len(seeds))
    return NetworkAgent(policy, policy.initialise(generators(seeds, "policy")), ONES, squashed=False)
