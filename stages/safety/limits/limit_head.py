"""How the outputs of a safe policy's network are read, and how likely it makes an action.

* deterministic: ``mu = tanh(output)`` with the surrogate ``log p(a | s) = -||mu(s) - a||^2`` (that of a Gaussian whose
  variance is 1/2, without its constant), which is what TraC's released code uses;
* gaussian: mean and log standard deviation of each coordinate, and the true log density.

Actions are in units of the dataset's box, ``[-1, 1]``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks import gaussian

PolicyKind = Literal["deterministic", "gaussian"]


@dataclass(frozen=True)
class LimitHead:
    """Width and meaning of a policy network's output."""

    kind: PolicyKind
    num_actions: int

    @property
    def num_outputs(self) -> int:
        return self.num_actions * (2 if self.kind == "gaussian" else 1)

    @property
    def squashed(self) -> bool:
        return self.kind == "deterministic"

    def log_prob(
        self, outputs: Float[Tensor, "*batch output"], actions: Float[Tensor, "*batch action"]
    ) -> Float[Tensor, "*batch"]:
        """``log p(a | s)``, or what stands in for it."""
        if self.squashed:
            return -(torch.tanh(outputs) - actions).square().sum(-1)
        return gaussian.log_prob(outputs, actions)
