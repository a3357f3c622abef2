"""Two critics of an action at a state, with target copies, and the place where a further term of their loss plugs in.

A term that shapes critics whatever their targets are (the covariance of gradients within a batch, say) is set as the
`penalty` of any method's critics; the method need not know of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.networks.normed_ensemble import NormedEnsemble
from stages.training.learner import Losses
from stages.training.rows import Batch
from stages.training.trainable import Trainable

Penalty = Callable[["TwinCritics", Batch], Float[Tensor, "seeds"]]


class TwinCritics(Trainable):
    """``Q_1`` and ``Q_2`` of every seed; a pair is an observation and an action side by side.

    Args:
        sizes: Width of a pair, then of the hidden layers.
        generators: One per seed, for the initial weights.
        learning_rate: Adam's step size.
        device: Where parameters live.
        layer_norm: Whether hidden layers are normalised.

    Attributes:
        penalty: Maps the critics and the batch of a step to a loss per seed that is added to theirs; None: nothing is.
    """

    def __init__(
        self,
        sizes: tuple[int, ...],
        generators: Sequence[np.random.Generator],
        learning_rate: float,
        device: torch.device | str = "cpu",
        layer_norm: bool = False,
    ) -> None:
        twins = (NormedEnsemble if layer_norm else Ensemble)((*sizes, 1), len(generators), num_members=2)
        super().__init__(twins, generators, learning_rate, device, target=True)
        self.penalty: Penalty | None = None

    def fit(self, batch: Batch, target: Float[Tensor, "seeds 1 batch 1"], **further: Float[Tensor, "seeds"]) -> Losses:
        """One step of both towards `target` at the batch's own actions, and down the `further` losses of a method."""
        if self.penalty is None and not further:
            return {"critic": self.regress(pairs_of(batch), target)}
        losses = {"critic": squared_error(self(pairs_of(batch)), target), **further}
        if self.penalty is not None:
            losses["penalty"] = self.penalty(self, batch)
        self.minimise(reduce(torch.add, losses.values()))
        return losses

    def smaller_target(self, pairs: Float[Tensor, "seeds 1 batch pair"]) -> Float[Tensor, "seeds 1 batch 1"]:
        """The smaller value of the target copies, without gradients."""
        return self.target(pairs).amin(1, keepdim=True)

    def held(self, pairs: Float[Tensor, "seeds 1 batch pair"]) -> Float[Tensor, "seeds 2 batch 1"]:
        """Both values, with gradients to the pairs alone."""
        return self.ensemble(self.parameters.detach(), pairs)

    def first(self, pairs: Float[Tensor, "seeds 1 batch pair"]) -> Float[Tensor, "seeds 1 batch 1"]:
        """``Q_1``, with gradients to the pairs alone: what an actor climbs."""
        return self.ensemble(self.parameters.detach(), pairs, member=0)

    def features(self, pairs: Float[Tensor, "seeds 1 batch pair"]) -> Float[Tensor, "seeds 2 batch hidden"]:
        """What the output layers see: also the gradient of each value to the weights of its output layer."""
        return self.ensemble.features(self.parameters, pairs)

    def input_gradients(self, pairs: Float[Tensor, "seeds 1 batch pair"]) -> Float[Tensor, "seeds 2 batch pair"]:
        """Gradients of both values to the pair, through which the parameters can be differentiated again."""
        each = pairs.detach().repeat(1, 2, 1, 1).requires_grad_()
        values = self.ensemble.twice_differentiable(self.parameters, each)
        (gradients,) = torch.autograd.grad(values.sum(), each, create_graph=True)
        return gradients


def squared_error(
    values: Float[Tensor, "seeds 2 batch 1"], target: Float[Tensor, "seeds 1 batch 1"]
) -> Float[Tensor, "seeds"]:
    """Mean over the batch, sum over both critics."""
    return (values - target).square().mean((2, 3)).sum(1)


def pairs_of(batch: Batch) -> Float[Tensor, "seeds 1 batch pair"]:
    """The batch's observations and actions side by side."""
    return torch.cat([batch["observations"], batch["actions"]], dim=-1)
