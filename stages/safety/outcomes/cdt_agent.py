"""The constrained decision transformer acting: each agent keeps its last steps and what is left to be wished for."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.limits import limits_of
from stages.agents.memory import Memory
from stages.agents.placement import Placement
from stages.artifacts import Artifact
from stages.networks import gaussian
from stages.networks.normaliser import Normaliser
from stages.safety.outcomes.cdt_network import CdtNetwork
from stages.safety.outcomes.frontier import Frontier
from stages.safety.outcomes.windows import ToGoScale


class CdtAgent(Agent):
    """Acts by the mean action after the last steps, with wishes that shrink by what has been received.

    The return wished for at first is the largest of the dataset within the agent's limit.

    Args:
        network: Shape of the network.
        parameters: One row per seed.
        normaliser: Scaling of observations and actions.
        scale: Scaling of returns-to-go and costs-to-go.
        frontier: Attainable returns.
        context: Steps to look back on, the present one included.
    """

    def __init__(
        self,
        network: CdtNetwork,
        parameters: Float[Tensor, "seeds parameters"],
        normaliser: Normaliser,
        scale: ToGoScale,
        frontier: Frontier,
        context: int,
    ) -> None:
        self.network, self.parameters, self.normaliser = network, parameters, normaliser
        self.scale, self.frontier, self.context = scale, frontier, context

    @classmethod
    def load(cls, artifact: Artifact) -> CdtAgent:
        """From what `Cdt.train` returned."""
        return cls(
            CdtNetwork.load(artifact.metadata["network"]),
            artifact.tensors["policy/parameters"],
            Normaliser(**artifact.part("normaliser")),
            ToGoScale(**artifact.part("to go")),
            Frontier(**{name: values.numpy() for name, values in artifact.part("frontier").items()}),
            artifact.metadata["context"],
        )

    @property
    def num_seeds(self) -> int:
        return len(self.parameters)

    def begin(self, conditions: Conditions) -> None:
        self.placement = Placement(conditions.seed_index, self.num_seeds)
        self.costs_left = limits_of(conditions).double()
        self.returns_left = torch.from_numpy(self.frontier.at(self.costs_left.numpy()))
        self.memory = Memory(self.placement, self.context)

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        step = self.memory.remember(
            returns_to_go=self.scale.returns(self.returns_left.float())[:, None],
            costs_to_go=self.scale.costs(self.costs_left.float())[:, None],
            observations=self.normaliser.observations(observations),
            # Not known yet; nothing that is read off comes after it.
            actions=torch.zeros(len(observations), self.network.action),
        )
        outputs = self.network(self.parameters, self.memory.batches()).actions[:, :, -1]
        step["actions"] = gaussian.sample(self.placement.agents(outputs), noise).clamp(-1, 1)
        return self.normaliser.physical_actions(step["actions"])

    def observe(self, rewards: Float[Tensor, "agents"], costs: Float[Tensor, "agents"]) -> None:
        self.returns_left = self.returns_left - rewards
        self.costs_left = self.costs_left - costs
