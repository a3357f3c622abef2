"""At each step a policy of the chosen cluster, where an offline algorithm made one policy for each.

Whatever kind of policy that is: the policies are one agent for as many "seeds" as there are pairs of seed and cluster,
and which of them acts is settled anew at every step. The choice is that of `stages.agents.stitched`.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.agents.contract import Agent, Conditions, require_memoryless
from stages.agents.stitched import StitchedAgent


class ByClusterAgent(Agent):
    """Switches among the policies of clusters.

    Args:
        policies: An agent of ``seeds * clusters`` policies, those of a seed side by side; of the state alone.
        best_cluster: What each seed follows where nothing else is said: the cluster of the largest mean return.
        choice: Chooses among the clusters at each state; None: the best one is followed throughout.
    """

    memoryless = True

    def __init__(self, policies: Agent, best_cluster: Int[Tensor, "seeds"], choice: StitchedAgent | None) -> None:
        require_memoryless(policies, "switching among clusters")
        self.policies, self.best_cluster, self.choice = policies, best_cluster, choice

    @property
    def num_seeds(self) -> int:
        return len(self.best_cluster)

    @property
    def num_clusters(self) -> int:
        return self.policies.num_seeds // self.num_seeds

    def begin(self, conditions: Conditions) -> None:
        self.seed_index, self.assigned = conditions.seed_index, conditions.clusters
        if self.choice is not None:
            self.choice.begin(conditions)
        elif self.assigned is None:
            self.assigned = self.best_cluster[self.seed_index]

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        self.followed = self._chosen(observations) if self.assigned is None else self.assigned
        self.policies.begin(Conditions(self.seed_index * self.num_clusters + self.followed))
        return self.policies.act(observations, noise)

    def _chosen(self, observations: Float[Tensor, "agents observation"]) -> Int[Tensor, "agents"]:
        assert self.choice is not None
        placement, normaliser = self.choice.placement, self.choice.normaliser
        states = placement.batches(normaliser.observations(observations))[:, None]
        return placement.agents(self.choice.choose(states)[..., None])[:, 0]
