"""Acting by clusters under a budget: the best of those that still fit into it, or the cheapest if none does.

    allowed   ID(s) = {z : q(z | s) >= max_z' q(z' | s) / b},  of the clusters that have episodes
    fits      z in ID(s) with Q_c(s, t, z) <= what is left of the budget
    followed  argmax of Q_r + m [z was followed last] among those that fit; where none does, argmin of Q_c in ID(s)

The followed cluster's policy acts. Costs of an episode count down its budget as they come in.
The margin m keeps gaits together: values of similar clusters change places at every step, and a robot whose policy
changes at every other step walks like none of them.

Symbols: in_distribution_ratio = b, switch_margin = m in units of the reward values.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.limits import limits_of
from stages.agents.placement import Placement
from stages.agents.stitched import in_distribution
from stages.artifacts import Artifact
from stages.clustering.cluster_networks import ClusterNetworks
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.safety.clusters.cluster_values import time_passed


def choose_clusters(
    reward_values: Float[Tensor, "agents clusters"],
    cost_values: Float[Tensor, "agents clusters"],
    allowed: Bool[Tensor, "agents clusters"],
    budget: Float[Tensor, "agents"],
) -> Int[Tensor, "agents"]:
    """The best of the allowed clusters that fit into the budget, or else the cheapest of those allowed.

    Nothing fits into a budget of 0, however low costs are estimated.
    """
    fits = allowed & (cost_values <= budget[:, None]) & (budget[:, None] > 0)
    best = reward_values.masked_fill(~fits, -torch.inf).argmax(1)
    cheapest = cost_values.masked_fill(~allowed, torch.inf).argmin(1)
    return torch.where(fits.any(1), best, cheapest)


class BudgetedClusters(Agent):
    """Acts for any cost limit by the policies and values of one set of clusters per seed.

    Args:
        policies: One network per seed and cluster, of Gaussian actions.
        classifier: One network per seed, of clusters at a state.
        values: Per seed one network for rewards and one for costs, with one output per cluster.
        parameters: Parameters of ``behaviours`` (the policies), ``classifier`` and ``values``.
        exists: Whether a seed's cluster has episodes.
        normaliser: Scaling of observations and actions.
        units: What a reward value and a cost value of 1 stand for.
        horizon: Steps of the longest possible episode, where values depend on the time passed; None: they do not.
        ratio: b; None allows all clusters.
        hold: Steps that a choice is kept for.
        margin: m, in units of the reward values.
    """

    def __init__(
        self,
        policies: Ensemble,
        classifier: Ensemble,
        values: Ensemble,
        parameters: dict[str, Tensor],
        exists: Bool[Tensor, "seeds clusters"],
        normaliser: Normaliser,
        units: Float[Tensor, "2"],
        horizon: int | None,
        ratio: float | None,
        hold: int,
        margin: float,
    ) -> None:
        self.policies, self.classifier, self.values, self.parameters = policies, classifier, values, parameters
        self.exists, self.normaliser, self.units = exists, normaliser, units
        self.horizon, self.ratio, self.hold, self.margin = horizon, ratio, hold, margin

    @classmethod
    def load(cls, artifact: Artifact) -> BudgetedClusters:
        """From what the learner saved."""
        facts, networks = artifact.metadata, ClusterNetworks.of(artifact)
        parameters = networks.policy_parameters, networks.classifier_parameters, artifact.tensors["values/parameters"]
        return cls(
            policies=networks.policies,
            classifier=networks.classifier,
            values=Ensemble(tuple(facts["value_sizes"]), len(facts["seeds"]), 2),
            parameters=dict(zip(("behaviours", "classifier", "values"), parameters, strict=True)),
            exists=artifact.tensors["exists"].bool(),
            normaliser=networks.normaliser,
            units=torch.tensor([facts["reward_unit"], facts["cost_unit"]]),
            horizon=facts["horizon"] if facts["knows_time"] else None,
            ratio=facts["in_distribution_ratio"],
            hold=facts["hold"],
            margin=facts["switch_margin"],
        )

    @property
    def num_seeds(self) -> int:
        return self.policies.num_seeds

    def begin(self, conditions: Conditions) -> None:
        self.placement = Placement(conditions.seed_index, self.num_seeds)
        self.seed_index, self.budget, self.steps = conditions.seed_index, limits_of(conditions), 0
        self.followed = None

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        states = self.placement.batches(self.normaliser.observations(observations))
        if self.followed is None or self.steps % self.hold == 0:
            self.followed = self.choose(states)
        outputs = self.policies(self.parameters["behaviours"], states[:, None])
        each = self.placement.agents(outputs.transpose(1, 2).flatten(2)).unflatten(1, (outputs.shape[1], -1))
        outputs = each[torch.arange(len(self.followed)), self.followed]
        return self.normaliser.physical_actions(gaussian.sample(outputs, noise))

    def observe(self, rewards: Float[Tensor, "agents"], costs: Float[Tensor, "agents"]) -> None:
        self.budget = self.budget - costs
        self.steps += 1

    def choose(self, states: Float[Tensor, "seeds batch observation"]) -> Int[Tensor, "agents"]:
        """The cluster that each agent follows from its state."""
        logits = self.placement.agents(self.classifier(self.parameters["classifier"], states[:, None])[:, 0])
        allowed = in_distribution(logits, self.exists[self.seed_index], self.ratio)
        rewards, costs = self.offers(states)
        if self.followed is not None:
            rewards[torch.arange(len(rewards)), self.followed] += self.margin * self.units[0]
        return choose_clusters(rewards, costs, allowed, self.budget)

    def offers(
        self, states: Float[Tensor, "seeds batch observation"]
    ) -> tuple[Float[Tensor, "agents clusters"], Float[Tensor, "agents clusters"]]:
        """Every cluster's reward value and cost value, in the task's units."""
        if self.horizon is not None:
            passed = time_passed(torch.full(states.shape[:2], self.steps), self.horizon)
            states = torch.cat([states, passed], dim=-1)
        values = self.values(self.parameters["values"], states[:, None]) * self.units[:, None, None]
        rewards, costs = (self.placement.agents(value) for value in values.unbind(1))
        return rewards, costs
