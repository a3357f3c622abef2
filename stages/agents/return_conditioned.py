"""A sequence model that is asked for a return: each agent keeps its last steps and what is left to be earned."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.memory import Memory
from stages.agents.placement import Placement
from stages.artifacts import Artifact
from stages.networks.normaliser import Normaliser
from stages.networks.sequences.decision_network import DecisionNetwork


class ReturnConditionedAgent(Agent):
    """Acts after the last steps, with a wish that shrinks by what has been received.

    Args:
        network: Shape of the network.
        parameters: One row per seed.
        normaliser: Scaling of observations and actions.
        return_scale: Mean and deviation of returns-to-go, which the network sees in units of these.
        target_return: Return asked for at first, in the task's units.
        context: Steps to look back on, the present one included.
    """

    def __init__(
        self,
        network: DecisionNetwork,
        parameters: Float[Tensor, "seeds parameters"],
        normaliser: Normaliser,
        return_scale: Float[Tensor, "2"],
        target_return: float,
        context: int,
    ) -> None:
        self.network, self.parameters, self.normaliser = network, parameters, normaliser
        self.return_scale, self.target_return, self.context = return_scale, target_return, context

    @classmethod
    def load(cls, artifact: Artifact) -> ReturnConditionedAgent:
        """From what the decision transformer saved."""
        return cls(
            DecisionNetwork.load(artifact.metadata["network"]),
            artifact.tensors["policy/parameters"],
            Normaliser(**artifact.part("normaliser")),
            artifact.tensors["return_scale"],
            artifact.metadata["target_return"],
            artifact.metadata["context"],
        )

    @property
    def num_seeds(self) -> int:
        return len(self.parameters)

    def begin(self, conditions: Conditions) -> None:
        self.placement = Placement(conditions.seed_index, self.num_seeds)
        self.returns_left = torch.full((len(conditions.seed_index),), self.target_return, dtype=torch.float64)
        self.memory = Memory(self.placement, self.context)

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        mean, deviation = self.return_scale
        step = self.memory.remember(
            returns_to_go=((self.returns_left.float() - mean) / deviation)[:, None],
            observations=self.normaliser.observations(observations),
            # Not known yet; nothing that is read off comes after it.
            actions=torch.zeros(len(observations), self.network.action),
        )
        step["actions"] = self.placement.agents(self.network(self.parameters, self.memory.batches())[:, :, -1])
        return self.normaliser.physical_actions(step["actions"])

    def observe(self, rewards: Float[Tensor, "agents"], costs: Float[Tensor, "agents"]) -> None:
        self.returns_left = self.returns_left - rewards
