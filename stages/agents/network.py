"""One network per seed, or one per seed and cost limit, as an agent."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.limits import limits_of, place_of_limit
from stages.agents.placement import Placement
from stages.artifacts import Artifact, prefixed
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser


class NetworkAgent(Agent):
    """Acts by the network of each agent's seed and limit.

    Args:
        policy: One network per seed and limit; a single member serves all limits, and agents without any.
        parameters: Its parameters.
        normaliser: Scaling of observations and actions.
        squashed: Whether actions are the tanh of the output; otherwise it is read as a diagonal Gaussian.
        limits: Limit of each member; empty where a single member serves all.
    """

    memoryless = True

    def __init__(
        self,
        policy: Ensemble,
        parameters: Float[Tensor, "parameters"],
        normaliser: Normaliser,
        squashed: bool,
        limits: tuple[float, ...] = (),
    ) -> None:
        self.policy, self.parameters, self.normaliser = policy, parameters, normaliser
        self.squashed, self.limits = squashed, limits

    @classmethod
    def load(cls, artifact: Artifact) -> NetworkAgent:
        """From what `train_offline` saved, or from `artifact_of_policies`."""
        facts = artifact.metadata
        limits = tuple(facts.get("policy_limits", ()))
        policy = Ensemble(tuple(facts["policy_sizes"]), len(facts["seeds"]), max(len(limits), 1))
        normaliser = Normaliser(**artifact.part("normaliser"))
        return cls(policy, artifact.tensors["policy/parameters"], normaliser, facts["squashed"], limits)

    @property
    def num_seeds(self) -> int:
        return self.policy.num_seeds

    def begin(self, conditions: Conditions) -> None:
        network = conditions.seed_index * self.policy.num_members
        if self.limits:
            network = network + place_of_limit(limits_of(conditions), self.limits)
        self.placement = Placement(network, self.policy.num_networks)

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        states = self.placement.batches(self.normaliser.observations(observations))
        shape = self.policy.num_seeds, self.policy.num_members, *states.shape[1:]
        outputs = self.placement.agents(self.policy(self.parameters, states.view(shape)).flatten(0, 1))
        actions = torch.tanh(outputs) if self.squashed else gaussian.sample(outputs, noise)
        return self.normaliser.physical_actions(actions)


def artifact_of_policies(
    policy: Ensemble,
    parameters: Float[Tensor, "parameters"],
    normaliser: Normaliser,
    limits: tuple[float, ...],
    squashed: bool,
    metrics: dict[str, Tensor],
) -> Artifact:
    """What `NetworkAgent.load` reads, see there; the seeds are added by the caller."""
    tensors = {
        "policy/parameters": parameters,
        **prefixed("normaliser", normaliser.tensors()),
        **prefixed("metrics", metrics),
    }
    facts = {"policy_sizes": policy.sizes, "policy_limits": list(limits), "squashed": squashed}
    return Artifact(tensors, facts)
