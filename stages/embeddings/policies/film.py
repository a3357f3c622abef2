"""A policy whose layers an embedding scales and shifts, instead of being read beside the state."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.embeddings.policies.told import ToldPolicy
from stages.embeddings.steps import Steps
from stages.networks.sequences.parts import Block, Views
from stages.networks.sequences.recurrent import affine


class FilmPolicy(ToldPolicy):
    """``h_i = relu((1 + scale_i(e)) (W_i h_{i-1} + b_i) + shift_i(e))``, per seed; scale and shift are linear in e.

    Source: Perez, Strub, de Vries, Dumoulin, Courville: FiLM, AAAI 2018.

    Args:
        steps: What is seen of a state, and how actions are written.
        latent: Length of the embedding.
        num_seeds: Seeds of the block.
        hidden_sizes: Hidden layers.
    """

    def __init__(self, steps: Steps, latent: int, num_seeds: int, hidden_sizes: tuple[int, ...]) -> None:
        super().__init__(steps)
        self.hidden_sizes, self.parts = hidden_sizes, {}
        inputs = steps.encoding.width
        for i, width in enumerate((*hidden_sizes, self.num_outputs)):
            self.parts |= {
                f"layer/{i}/weight": Block((inputs, width), inputs**-0.5),
                f"layer/{i}/bias": Block((1, width), inputs**-0.5),
            }
            if i < len(hidden_sizes):
                self.parts[f"film/{i}"] = Block((latent, 2 * width), latent**-0.5)
            inputs = width

    def outputs(
        self,
        parameters: Views,
        observations: Float[Tensor, "seeds batch steps observation"],
        embedding: Float[Tensor, "seeds batch latent"],
    ) -> Float[Tensor, "seeds batch steps outputs"]:
        values = observations
        for i in range(len(self.hidden_sizes)):
            values = affine(values, parameters[f"layer/{i}/weight"], parameters[f"layer/{i}/bias"])
            scale, shift = torch.matmul(embedding, parameters[f"film/{i}"])[:, :, None].chunk(2, dim=-1)
            values = ((1 + scale) * values + shift).relu()
        last = len(self.hidden_sizes)
        return affine(values, parameters[f"layer/{last}/weight"], parameters[f"layer/{last}/bias"])
