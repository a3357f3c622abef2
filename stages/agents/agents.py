"""Trained policies as agents: observations in, actions out, for all seeds of a block at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser


class Agent(ABC):
    """A policy for each seed of a block, in the units of the environment."""

    num_seeds: int
    num_clusters = 0

    @abstractmethod
    def act(
        self, observations: Float[Tensor, "seeds agents observation"], noise: Float[Tensor, "seeds agents action"]
    ) -> tuple[Float[Tensor, "seeds agents action"], Int[Tensor, "seeds agents"]]:
        """Actions, and the cluster each was taken from (-1 where there are no clusters).

        Args:
            observations: In units of the environment.
            noise: Standard normal numbers for policies that sample; zero for their mean action.
        """


@dataclass
class NetworkAgent(Agent):
    """One network per seed, such as BC or TD3+BC."""

    policy: Ensemble
    parameters: Float[Tensor, "parameters"]
    normaliser: Normaliser
    squashed: bool

    @classmethod
    def load(cls, artifact: Artifact) -> NetworkAgent:
        """From what `train_offline` saved."""
        known = artifact.metadata
        policy = Ensemble(tuple(known["policy_sizes"]), len(known["seeds"]))
        parameters = artifact.tensors["policy/parameters"]
        return cls(policy, parameters, Normaliser(**artifact.part("normaliser")), known["squashed"])

    @property
    def num_seeds(self) -> int:
        return self.policy.num_seeds

    @torch.no_grad()
    def act(self, observations: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        outputs = self.policy(self.parameters, self.normaliser.observations(observations)[:, None])[:, 0]
        actions = torch.tanh(outputs) if self.squashed else gaussian.sample(outputs, noise)
        return self.normaliser.physical_actions(actions), torch.full(actions.shape[:2], -1)


@dataclass
class StitchedAgent(Agent):
    """At each step the low-level policy of the cluster that the high-level policy chooses (EMPO, Section 3.3).

    ``pi(. | s) = pi_L(. | s, argmax_{z in ID(s)} Q_H(s, z))``; without a high-level Q, always cluster `fixed`.
    """

    policies: Ensemble
    policy_parameters: Float[Tensor, "policies"]
    classifier: Ensemble
    classifier_parameters: Float[Tensor, "classifier"]
    normaliser: Normaliser
    in_distribution_ratio: float | None
    high_level: Ensemble | None = None
    high_level_parameters: Float[Tensor, "high_level"] | None = None
    fixed: int = 0

    @classmethod
    def load(
        cls,
        clusters: Artifact,
        improved: Artifact | None = None,
        high_level: Artifact | None = None,
        in_distribution_ratio: float | None = None,
    ) -> StitchedAgent:
        """From what the stages saved.

        Args:
            clusters: Behaviours, classifier and normaliser.
            improved: Policies to follow instead of the behaviours.
            high_level: Q_H; without it, cluster 0 is followed.
            in_distribution_ratio: b of ``ID(s)``; None allows all clusters.
        """
        known, seeds = clusters.metadata, len(clusters.metadata["seeds"])
        plain, better = clusters.tensors["behaviours/parameters"], improved and improved.tensors["policies/parameters"]
        q = None if high_level is None else Ensemble(tuple(high_level.metadata["q_sizes"]), seeds)
        return cls(
            policies=Ensemble(tuple(known["behaviour_sizes"]), seeds, known["num_clusters"]),
            policy_parameters=plain if better is None else better,
            classifier=Ensemble(tuple(known["classifier_sizes"]), seeds),
            classifier_parameters=clusters.tensors["classifier/parameters"],
            normaliser=Normaliser(**clusters.part("normaliser")),
            in_distribution_ratio=in_distribution_ratio,
            high_level=q,
            high_level_parameters=None if high_level is None else high_level.tensors["q/parameters"],
        )

    @property
    def num_seeds(self) -> int:
        return self.policies.num_seeds

    @property
    def num_clusters(self) -> int:
        return self.policies.num_members

    def of_cluster(self, cluster: int) -> StitchedAgent:
        """The agent that follows one cluster's policy throughout."""
        return replace(self, high_level=None, fixed=cluster)

    @torch.no_grad()
    def act(self, observations: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        states = self.normaliser.observations(observations)[:, None]
        chosen = self.choose(states)
        outputs = self.policies(self.policy_parameters, states)
        index = chosen[:, None, :, None].expand(-1, 1, -1, outputs.shape[-1])
        actions = gaussian.sample(outputs.gather(1, index)[:, 0], noise)
        return self.normaliser.physical_actions(actions), chosen

    def choose(self, states: Float[Tensor, "seeds 1 agents observation"]) -> Int[Tensor, "seeds agents"]:
        """The cluster to follow at each (normalised) state."""
        if self.high_level is None:
            return torch.full((states.shape[0], states.shape[2]), self.fixed)
        values = self.high_level(self.high_level_parameters, states)[:, 0]
        if self.in_distribution_ratio is not None:
            log_q = torch.log_softmax(self.classifier(self.classifier_parameters, states)[:, 0], dim=-1)
            threshold = log_q.amax(-1, keepdim=True) - torch.log(torch.tensor(self.in_distribution_ratio))
            values = values.masked_fill(log_q < threshold, -torch.inf)
        return values.argmax(-1)


def load_agent(parts: list[Artifact], in_distribution_ratio: float | None = None) -> Agent:
    """The agent that the files of one or more stages make up, in any order.

    Raises:
        UserError: They do not make up an agent.
    """
    by_kind = {part.metadata["kind"]: part for part in parts}
    if set(by_kind) == {"offline"}:
        return NetworkAgent.load(by_kind["offline"])
    if "clusters" in by_kind and set(by_kind) <= {"clusters", "improved", "high_level"}:
        return StitchedAgent.load(**by_kind, in_distribution_ratio=in_distribution_ratio)
    raise UserError(
        f"these files do not make up an agent: {sorted(by_kind)}",
        place="--policy",
        remedy="Give one offline policy, or clusters with high_level and improved",
    )
