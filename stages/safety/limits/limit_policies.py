"""One deterministic or Gaussian network per seed and cost limit, as an agent."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.agents.placement import Placement
from stages.artifacts import Artifact, prefixed
from stages.errors import UserError
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.safety.contract import SafeAgent


class LimitPolicies(SafeAgent):
    """Acts by the mean action of the network of each agent's seed and limit.

    Args:
        policy: One network per seed and limit; a single member serves all limits.
        parameters: Its parameters.
        normaliser: Scaling of observations and actions.
        limits: Limit of each member; empty where a single member serves all.
        squashed: Whether actions are the tanh of the output; otherwise its first half is their mean.
    """

    def __init__(
        self,
        policy: Ensemble,
        parameters: Float[Tensor, "parameters"],
        normaliser: Normaliser,
        limits: tuple[float, ...],
        squashed: bool,
    ) -> None:
        self.policy, self.parameters, self.normaliser = policy, parameters, normaliser
        self.limits, self.squashed = limits, squashed

    @classmethod
    def load(cls, artifact: Artifact) -> LimitPolicies:
        """From `artifact_of_policies`."""
        known = artifact.metadata
        limits = tuple(known["policy_limits"])
        policy = Ensemble(tuple(known["policy_sizes"]), len(known["seeds"]), max(len(limits), 1))
        normaliser = Normaliser(**artifact.part("normaliser"))
        return cls(policy, artifact.tensors["policy/parameters"], normaliser, limits, known["squashed"])

    def begin(self, seed_index: Int[Tensor, "agents"], limits: Float[Tensor, "agents"]) -> None:
        network = seed_index * self.policy.num_members + self._members(limits)
        self.placement = Placement(network, self.policy.num_networks)

    @torch.no_grad()
    def act(self, observations: Float[Tensor, "agents observation"]) -> Float[Tensor, "agents action"]:
        states = self.placement.batches(self.normaliser.observations(observations))
        shape = self.policy.num_seeds, self.policy.num_members, *states.shape[1:]
        outputs = self.placement.agents(self.policy(self.parameters, states.view(shape)).flatten(0, 1))
        actions = torch.tanh(outputs) if self.squashed else gaussian.mean_and_log_std(outputs)[0]
        return self.normaliser.physical_actions(actions)

    def _members(self, limits: Float[Tensor, "agents"]) -> Int[Tensor, "agents"]:
        if not self.limits:
            return torch.zeros(len(limits), dtype=torch.int64)
        same = limits[:, None] == torch.tensor(self.limits)
        if not same.any(1).all():
            cause = f"no policy was trained for the cost limit {float(limits[~same.any(1)][0]):g}"
            trained = ", ".join(f"{limit:g}" for limit in self.limits)
            raise UserError(cause, place="cost_limits", remedy=f"Choose among {trained}, or train for it")
        return same.int().argmax(1)


def artifact_of_policies(
    policy: Ensemble,
    parameters: Float[Tensor, "parameters"],
    normaliser: Normaliser,
    limits: tuple[float, ...],
    squashed: bool,
    metrics: dict[str, Tensor],
) -> Artifact:
    """What `LimitPolicies.load` reads, see there; the seeds are added by the caller."""
    tensors = {
        "policy/parameters": parameters,
        **prefixed("normaliser", normaliser.tensors()),
        **prefixed("metrics", metrics),
    }
    facts = {"policy_sizes": policy.sizes, "policy_limits": list(limits), "squashed": squashed}
    return Artifact(tensors, facts)
