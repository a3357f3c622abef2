"""One network per seed that makes an action of an observation and noise: a policy of any shape, not Gaussians alone."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.network import NetworkAgent


class LatentAgent(NetworkAgent):
    """Acts by the network of each agent's seed, with fresh noise beside the observation; noise 0 where none is given.

    Outputs are actions, brought to the box's sides where they lie beyond.
    """

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        if noise is None:
            noise = torch.zeros(len(observations), self.policy.sizes[-1])
        inputs = torch.cat([self.normaliser.observations(observations), noise], dim=-1)
        return self.normaliser.physical_actions(self.outputs(inputs).clamp(-1, 1))

    def log_density(
        self, observations: Float[Tensor, "agents observation"], actions: Float[Tensor, "agents action"]
    ) -> None:
        """None: what noise becomes of an action is not known backwards."""
