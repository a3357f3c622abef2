"""A policy that reads an embedding beside the state."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.embeddings.policies.told import ToldPolicy
from stages.embeddings.steps import Steps
from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Views


class ConditionalPolicy(ToldPolicy):
    """A perceptron per seed, of state and embedding side by side; Gaussian actions, or categorical ones.

    Args:
        steps: What is seen of a state, and how actions are written.
        latent: Length of the embedding.
        num_seeds: Seeds of the block.
        hidden_sizes: Hidden layers.
    """

    def __init__(self, steps: Steps, latent: int, num_seeds: int, hidden_sizes: tuple[int, ...]) -> None:
        super().__init__(steps)
        self.network = Ensemble((steps.encoding.width + latent, *hidden_sizes, self.num_outputs), num_seeds)
        self.parts = {"decoder": self.network}

    def outputs(
        self,
        parameters: Views,
        observations: Float[Tensor, "seeds batch steps observation"],
        embedding: Float[Tensor, "seeds batch latent"],
    ) -> Float[Tensor, "seeds batch steps outputs"]:
        repeated = embedding[:, :, None].expand(*observations.shape[:3], -1)
        inputs = torch.cat([observations, repeated], dim=-1)
        made = self.network(parameters["decoder"], inputs.flatten(1, 2)[:, None])
        return made.view(*inputs.shape[:3], -1)
