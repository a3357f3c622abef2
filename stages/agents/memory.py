"""The last steps of agents that act after more than the present observation, as sequence models want them."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.placement import Placement


class Memory:
    """The last steps of every agent.

    Args:
        placement: Which network each agent belongs to.
        context: Steps that are remembered at most, the present one included.
    """

    def __init__(self, placement: Placement, context: int) -> None:
        self.placement, self.context, self.time = placement, context, 0
        self.steps: list[dict[str, Tensor]] = []

    def remember(self, **step: Float[Tensor, "agents _"]) -> dict[str, Tensor]:
        """Take in the present step, whose values may be replaced in what is returned once they are known."""
        self.steps = [*self.steps, step][-self.context :]
        self.time += 1
        return step

    def batches(self) -> dict[str, Tensor]:
        """The remembered values as one batch per network, ``[networks, batch, steps, width]``, and their ``times``.

        At an episode's start there are fewer steps than `context`.
        """
        batch = {}
        for name in self.steps[0]:
            flat = self.placement.batches(torch.cat([step[name] for step in self.steps], dim=1))
            batch[name] = flat.unflatten(-1, (len(self.steps), -1))
        since = torch.arange(self.time - len(self.steps), self.time)
        return batch | {"times": since.expand(self.placement.num_networks, self.placement.width, -1)}
