"""Agents sorted to their networks: an ensemble wants one batch per network, agents come in any order."""

from __future__ import annotations

import torch
from jaxtyping import Int, Shaped
from torch import Tensor


class Placement:
    """A place in the batch of its network for every agent; networks with fewer agents are padded with zeros.

    Args:
        network: Number of each agent's network, such as ``seed * num_members + member``.
        num_networks: How many networks there are.
    """

    def __init__(self, network: Int[Tensor, "agents"], num_networks: int) -> None:
        counts = torch.bincount(network, minlength=num_networks)
        order = torch.argsort(network, stable=True)
        place = torch.empty_like(network)
        place[order] = torch.arange(len(network)) - (counts.cumsum(0) - counts)[network[order]]
        self.num_networks, self.width = num_networks, int(counts.max())
        self.index = network * self.width + place

    def batches(self, values: Shaped[Tensor, "agents width"]) -> Shaped[Tensor, "networks batch width"]:
        """The agents' values as one batch per network."""
        laid = values.new_zeros(self.num_networks * self.width, values.shape[1])
        laid[self.index] = values
        return laid.view(self.num_networks, self.width, -1)

    def agents(self, batches: Shaped[Tensor, "networks batch width"]) -> Shaped[Tensor, "agents width"]:
        """The agents' values out of the networks' batches."""
        return batches.reshape(self.num_networks * self.width, -1)[self.index]
