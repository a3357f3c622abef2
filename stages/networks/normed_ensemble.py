"""Ensembles whose hidden layers are normalised, which keeps critics from running away at unseen actions.

    x <- norm(relu(W x + b)),   norm(x) = (x - mean x) / deviation of x, over the units of a layer

Norms have no scale and shift of their own, which the affine layer after each of them can express. The native layer
computes them in float32 on a CPU; features, and whatever is to be differentiated twice, torch's own operations.

Source: Ball et al., Efficient Online Reinforcement Learning with Offline Data, 2023, Section 4.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.networks.native.layout import Layer, perceptron
from stages.networks.sequences.transformer import norm


@dataclass(frozen=True)
class NormedEnsemble(Ensemble):
    """Shape of an ensemble with a layer norm after each hidden layer; otherwise as its parent."""

    def __call__(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        member: int | None = None,
    ) -> Float[Tensor, "seeds members batch out"]:
        native = self._native(flat, inputs)
        return self._by_torch(flat, inputs, member) if native is None else native(flat, inputs, member)

    def features(
        self, flat: Float[Tensor, "parameters"], inputs: Float[Tensor, "seeds m batch in"]
    ) -> Float[Tensor, "seeds members batch hidden"]:
        hidden = self._hidden(flat, inputs, self.num_members, None)
        return hidden.unflatten(0, (self.num_seeds, self.num_members))

    def twice_differentiable(
        self, flat: Float[Tensor, "parameters"], inputs: Float[Tensor, "seeds members batch in"]
    ) -> Float[Tensor, "seeds members batch out"]:
        return self._by_torch(flat, inputs, None)

    @property
    def _native_layers(self) -> tuple[Layer, ...]:
        return perceptron(self.sizes, "relu", "after")

    def _by_torch(self, flat: Tensor, inputs: Tensor, member: int | None) -> Tensor:
        members = self.num_members if member is None else 1
        *_, (weight, bias) = self.layers(flat, member)
        outputs = torch.baddbmm(bias, self._hidden(flat, inputs, members, member), weight)
        return outputs.unflatten(0, (self.num_seeds, members))

    def _hidden(self, flat: Tensor, inputs: Tensor, members: int, member: int | None) -> Tensor:
        """What the output layers see, ``[seeds * members, batch, hidden]``."""
        values = inputs.expand(-1, members, -1, -1).flatten(0, 1)
        for weight, bias in self.layers(flat, member)[:-1]:
            values = norm(torch.relu(torch.baddbmm(bias, values, weight)))
        return values
