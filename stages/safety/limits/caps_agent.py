"""CAPS at test time: at each step the action of the head with the best reward among those that fit what is left.

Costs that an episode may still sum to are converted into what the cost critic may say, for the steps that remain; a
head fits if its action's cost value is below that. If none fits, the head of the smallest cost value acts. Costs of an
episode count down its budget as they come in.

Source: Chemingui et al.: Constraint-Adaptive Policy Switching, AAAI 2025; conversion as in its repository.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.limits import limits_of
from stages.agents.placement import Placement
from stages.artifacts import Artifact, prefixed
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.safety.limits.cost_transitions import discounted_limit


def choose_heads(
    reward_values: Float[Tensor, "agents heads"],
    cost_values: Float[Tensor, "agents heads"],
    allowed: Float[Tensor, "agents"],
) -> Int[Tensor, "agents"]:
    """The head to follow: the best of those that cost less than allowed, or else the cheapest.

    Negative cost values count as 0, since costs are not negative; so under a budget of 0 the cheapest head acts.
    """
    fits = cost_values.clamp(min=0) < allowed[:, None]
    best = reward_values.masked_fill(~fits, -torch.inf).argmax(1)
    return torch.where(fits.any(1), best, cost_values.argmin(1))


class CapsAgent(Agent):
    """Acts for any cost limit by the heads and critics of one model per seed.

    Args:
        policy: One network per seed, whose outputs are the heads' actions one after the other, before tanh.
        critics: Per seed two twins for reward, then two for cost with its sign changed.
        parameters: Parameters of `policy` and `critics`.
        normaliser: Scaling of observations and actions.
        cost_scale: Costs per unit of the cost critics.
        discount: Discount factor of the critics.
        horizon: Steps of the longest possible episode.
    """

    def __init__(
        self,
        policy: Ensemble,
        critics: Ensemble,
        parameters: tuple[Float[Tensor, "policy"], Float[Tensor, "critics"]],
        normaliser: Normaliser,
        cost_scale: float,
        discount: float,
        horizon: int,
    ) -> None:
        self.policy, self.critics, self.normaliser = policy, critics, normaliser
        self.policy_parameters, self.critic_parameters = parameters
        self.cost_scale, self.discount, self.horizon = cost_scale, discount, horizon

    @classmethod
    def load(cls, artifact: Artifact) -> CapsAgent:
        """From `artifact_of_heads`."""
        facts, seeds = artifact.metadata, len(artifact.metadata["seeds"])
        policy = Ensemble(tuple(facts["policy_sizes"]), seeds)
        critics = Ensemble(tuple(facts["critic_sizes"]), seeds, 4)
        parameters = artifact.tensors["policy/parameters"], artifact.tensors["critics/parameters"]
        units = facts["cost_scale"], facts["discount"], facts["horizon"]
        return cls(policy, critics, parameters, Normaliser(**artifact.part("normaliser")), *units)

    @property
    def num_seeds(self) -> int:
        return self.policy.num_seeds

    def begin(self, conditions: Conditions) -> None:
        self.placement = Placement(conditions.seed_index, self.num_seeds)
        self.budget, self.remaining = limits_of(conditions), float(self.horizon)

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        states = self.placement.batches(self.normaliser.observations(observations))
        actions, reward_values, cost_values = (self.placement.agents(values) for values in self.offers(states))
        allowed = discounted_limit(self.budget.clamp(min=0), self.discount, torch.tensor(self.remaining))
        chosen = choose_heads(reward_values, cost_values * self.cost_scale, allowed)
        actions = actions.unflatten(1, (reward_values.shape[1], -1))
        return self.normaliser.physical_actions(actions[torch.arange(len(chosen)), chosen])

    def observe(self, rewards: Float[Tensor, "agents"], costs: Float[Tensor, "agents"]) -> None:
        self.budget = self.budget - costs
        self.remaining = max(self.remaining - 1, 1.0)

    def offers(
        self, states: Float[Tensor, "seeds batch observation"]
    ) -> tuple[
        Float[Tensor, "seeds batch actions"], Float[Tensor, "seeds batch heads"], Float[Tensor, "seeds batch heads"]
    ]:
        """Every head's action, side by side, with its reward value and its cost value in the critics' units."""
        width = self.critics.sizes[0] - self.policy.sizes[0]
        actions = torch.tanh(self.policy(self.policy_parameters, states[:, None])[:, 0])
        heads = actions.unflatten(2, (-1, width))
        repeated = states[:, :, None].expand(-1, -1, heads.shape[2], -1)
        pairs = torch.cat([repeated, heads], dim=-1).flatten(1, 2)[:, None]
        values = self.critics(self.critic_parameters, pairs).unflatten(1, (2, 2)).amin(2)
        rewards, negated_costs = values.view(len(states), 2, *heads.shape[1:3]).unbind(1)
        return actions, rewards, -negated_costs


def artifact_of_heads(
    policy: Ensemble,
    critics: Ensemble,
    parameters: tuple[Float[Tensor, "policy"], Float[Tensor, "critics"]],
    normaliser: Normaliser,
    units: dict[str, float],
    metrics: dict[str, Tensor],
) -> Artifact:
    """What `CapsAgent.load` reads; `units` are its `cost_scale`, `discount` and `horizon`."""
    tensors = {
        "policy/parameters": parameters[0],
        "critics/parameters": parameters[1],
        **prefixed("normaliser", normaliser.tensors()),
        **prefixed("metrics", metrics),
    }
    return Artifact(tensors, {"policy_sizes": policy.sizes, "critic_sizes": critics.sizes, **units})
