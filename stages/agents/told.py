"""A network per seed that is told the embedding of an episode, and acts as the author of that episode would.

What it follows as clusters are levels: the true policies of the episodes. Each rollout is told the embedding of one
episode of its level, and keeps it; the episodes of a level take turns.
"""

from __future__ import annotations

import copy

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.agents.contract import Conditions
from stages.agents.network import NetworkAgent
from stages.artifacts import Artifact


class ToldAgent(NetworkAgent):
    """Acts by the network of each agent's seed, with an embedding beside the observation.

    Attributes:
        vectors: The embeddings to choose from.
        levels: The level of each.
    """

    vectors: Float[Tensor, "seeds episodes width"]
    levels: Int[Tensor, "episodes"]

    @classmethod
    def load(cls, artifact: Artifact) -> ToldAgent:
        """From what `stages.imitate` saved."""
        agent = super().load(artifact)
        assert isinstance(agent, cls)
        agent.vectors, agent.levels = artifact.tensors["told/vectors"], artifact.tensors["told/levels"]
        return agent

    def at(self, vectors: Float[Tensor, "seeds points width"]) -> ToldAgent:
        """The same policies told other vectors, each of which is followed as a level of its own."""
        other = copy.copy(self)
        other.vectors, other.levels = vectors, torch.arange(vectors.shape[1])
        return other

    @property
    def num_clusters(self) -> int:
        return int(self.levels.max()) + 1

    def begin(self, conditions: Conditions) -> None:
        super().begin(conditions)
        turn = self.placement.index % self.placement.width  # the agent's place among those of its seed
        chosen = torch.empty_like(turn)
        followed = conditions.clusters
        if followed is None:
            chosen = turn % len(self.levels)
        else:
            for level in followed.unique():
                episodes = (self.levels == level).nonzero()[:, 0]
                chosen[followed == level] = episodes[turn[followed == level] % len(episodes)]
        self.told = self.vectors[conditions.seed_index, chosen]
        self.followed = self.levels[chosen]

    def outputs(self, inputs: Float[Tensor, "agents observation"]) -> Float[Tensor, "agents output"]:
        return super().outputs(torch.cat([inputs, self.told], dim=-1))
