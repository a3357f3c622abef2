"""The policies that are kept out of a training: each as it was when held-out episodes spoke best of it."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble


class Kept:
    """The parameters of the best moment so far of every network, by an error; each stops by itself.

    Args:
        ensemble: One network per seed and group.
        parameters: What is kept before anything is offered.
        patience: Offers without a smaller error after which a network is settled.
    """

    def __init__(self, ensemble: Ensemble, parameters: Float[Tensor, "parameters"], patience: int) -> None:
        self.ensemble, self.parameters, self.patience = ensemble, parameters.clone(), patience
        shape, device = (ensemble.num_seeds, ensemble.num_members), parameters.device
        self.error = torch.full(shape, torch.finfo(torch.float32).max, device=device)
        self.best, self.offers = (torch.zeros(shape, dtype=torch.int64, device=device) for _ in range(2))

    @property
    def settled(self) -> Tensor:
        """Which networks have run out of patience, ``[seeds, groups]``; nothing changes them any more."""
        return self.offers - self.best >= self.patience

    @torch.no_grad()
    def offer(self, parameters: Float[Tensor, "parameters"], error: Float[Tensor, "seeds groups"]) -> None:
        """Keep the networks whose error is smaller than before.

        Args:
            parameters: Of an ensemble like `ensemble`.
            error: Of each network.
        """
        running = ~self.settled
        better = running & (error < self.error)
        self.offers += running
        self.best.copy_(torch.where(better, self.offers, self.best))
        self.error.copy_(torch.where(better, error, self.error))
        networks = better.flatten()
        for there, here in zip(self.ensemble.views(self.parameters), self.ensemble.views(parameters), strict=True):
            there[networks] = here[networks]

    def tensors(self) -> dict[str, Tensor]:
        """State, for checkpoints."""
        return {"parameters": self.parameters, "error": self.error, "best": self.best, "offers": self.offers}
