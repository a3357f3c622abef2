"""One network per seed, or one per seed and cost limit, as an agent."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.limits import limits_of, place_of_limit
from stages.agents.placement import Placement
from stages.artifacts import Artifact, prefixed
from stages.networks.action_heads import ACTION_HEADS, LOG_DENSITIES
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
        head: An entry of `ACTION_HEADS`, for networks whose outputs mean anything else; None: `squashed` says it.
    """

    memoryless = True

    def __init__(
        self,
        policy: Ensemble,
        parameters: Float[Tensor, "parameters"],
        normaliser: Normaliser,
        squashed: bool,
        limits: tuple[float, ...] = (),
        head: str | None = None,
    ) -> None:
        self.policy, self.parameters, self.normaliser = policy, parameters, normaliser
        self.limits = limits
        self.head = head or ("deterministic" if squashed else "gaussian")

    @classmethod
    def load(cls, artifact: Artifact) -> NetworkAgent:
        """From what `train_offline` saved, or from `artifact_of_policies`."""
        facts = artifact.metadata
        limits = tuple(facts.get("policy_limits", ()))
        policy = Ensemble(tuple(facts["policy_sizes"]), len(facts["seeds"]), max(len(limits), 1))
        normaliser = Normaliser(**artifact.part("normaliser"))
        parameters, squashed = artifact.tensors["policy/parameters"], facts["squashed"]
        policy.check(parameters)
        return cls(policy, parameters, normaliser, squashed, limits, facts.get("head"))

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
        outputs = self.outputs(self.normaliser.observations(observations))
        return self.normaliser.physical_actions(ACTION_HEADS[self.head](outputs, noise))

    @torch.no_grad()
    def log_density(
        self, observations: Float[Tensor, "agents observation"], actions: Float[Tensor, "agents action"]
    ) -> Float[Tensor, "agents"] | None:
        if self.head not in LOG_DENSITIES:
            return None
        outputs = self.outputs(self.normaliser.observations(observations))
        found = LOG_DENSITIES[self.head](outputs, self.normaliser.actions(actions))
        return found - self.normaliser.action_scale.log().sum()

    def outputs(self, inputs: Float[Tensor, "agents input"]) -> Float[Tensor, "agents output"]:
        """What each agent's network makes of its input."""
        batches = self.placement.batches(inputs)
        shape = self.policy.num_seeds, self.policy.num_members, *batches.shape[1:]
        return self.placement.agents(self.policy(self.parameters, batches.view(shape)).flatten(0, 1))


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
