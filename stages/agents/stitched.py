"""At each step the policy of the cluster that the high-level policy chooses (EMPO, Section 3.3).

    allowed   ID(s) = {z : q(z | s) >= max_z' q(z' | s) / b},  of the clusters that have episodes
    followed  argmax_{z in ID(s)} Q_H(s, z)

Source:    Park, Cho, Sung: EMPO, ARLET 2024, Section 3.3.

Deviation: a seed that found fewer clusters than another of its block has empty ones, whose values were fitted to
           nothing; they are never chosen.

Symbols: in_distribution_ratio = b.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from stages.agents.contract import Agent, Conditions
from stages.agents.home import home_unless_better
from stages.agents.placement import Placement
from stages.artifacts import Artifact
from stages.clustering.cluster_networks import GAUSSIAN, ClusterNetworks
from stages.clustering.clusters_file import ClustersFile
from stages.networks import gaussian
from stages.networks.action_heads import ACTION_HEADS
from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser


def in_distribution(
    logits: Float[Tensor, "*any clusters"], exists: Bool[Tensor, "*#any clusters"], ratio: float | None
) -> Bool[Tensor, "*any clusters"]:
    """ID(s), from the classifier's outputs or their log-softmax; no `ratio` allows every cluster that exists."""
    if ratio is None:
        return exists.expand(logits.shape)
    likely = logits.masked_fill(~exists, -torch.inf)
    return likely >= likely.amax(-1, keepdim=True) - math.log(ratio)


@dataclass
class StitchedAgent(Agent):
    """Acts by the clusters' policies.

    ``pi(. | s) = pi_L(. | s, argmax_{z in ID(s)} Q_H(s, z))``; without a high-level Q, cluster 0 is followed.

    Attributes:
        policies: One network per seed and cluster.
        policy_parameters: Its parameters, as those of the others.
        classifier: One network per seed, of clusters at a state: q(z | s) before its softmax.
        exists: Whether a seed's cluster has episodes.
        normaliser: Scaling of observations and actions.
        in_distribution_ratio: b; None allows all clusters.
        high_level: Q_H, one network per seed with an output per cluster; None: there is no choice to make.
        head: How the policies' outputs become actions, an entry of `ACTION_HEADS`.
        home: Each seed's best cluster, which is left only where another is clearly better; None: there is none, and
            where there is, Q_H has a network per seed and fold.
        standard_errors: What is clearly, see `stages.agents.home`.
    """

    policies: Ensemble
    policy_parameters: Float[Tensor, "policies"]
    classifier: Ensemble
    classifier_parameters: Float[Tensor, "classifier"]
    exists: Bool[Tensor, "seeds clusters"]
    normaliser: Normaliser
    in_distribution_ratio: float | None
    high_level: Ensemble | None = None
    high_level_parameters: Float[Tensor, "high_level"] | None = None
    head: str = GAUSSIAN
    home: Int[Tensor, "seeds"] | None = None
    standard_errors: float = 0.0

    memoryless = True

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
            clusters: Labels, behaviours, classifier and normaliser.
            improved: Policies to follow instead of the behaviours.
            high_level: Q_H; without it, cluster 0 is followed.
            in_distribution_ratio: b of ``ID(s)``; None allows all clusters.
        """
        networks, seeds = ClusterNetworks.of(clusters), len(clusters.metadata["seeds"])
        if improved is not None:
            networks = replace(networks, policy_parameters=improved.tensors["policies/parameters"])
            networks.policies.check(networks.policy_parameters)
        return cls(
            policies=networks.policies,
            policy_parameters=networks.policy_parameters,
            classifier=networks.classifier,
            classifier_parameters=networks.classifier_parameters,
            exists=with_episodes(torch.from_numpy(ClustersFile.of(clusters).labels), networks.num_clusters),
            normaliser=networks.normaliser,
            in_distribution_ratio=in_distribution_ratio,
            head=networks.head,
            **({} if high_level is None else _choice(high_level, seeds)),
        )

    @property
    def num_seeds(self) -> int:
        return self.policies.num_seeds

    @property
    def num_clusters(self) -> int:
        return self.policies.num_members

    def begin(self, conditions: Conditions) -> None:
        self.placement = Placement(conditions.seed_index, self.num_seeds)
        self.assigned = None if conditions.clusters is None else self.placement.batches(conditions.clusters[:, None])

    @torch.no_grad()
    def act(
        self, observations: Float[Tensor, "agents observation"], noise: Float[Tensor, "agents action"] | None = None
    ) -> Float[Tensor, "agents action"]:
        return self.normaliser.physical_actions(ACTION_HEADS[self.head](self._outputs(observations), noise))

    @torch.no_grad()
    def log_density(
        self, observations: Float[Tensor, "agents observation"], actions: Float[Tensor, "agents action"]
    ) -> Float[Tensor, "agents"]:
        outputs = gaussian.READINGS[self.head](self._outputs(observations))
        found = gaussian.log_prob(outputs, self.normaliser.actions(actions))
        return found - self.normaliser.action_scale.log().sum()

    def _outputs(self, observations: Float[Tensor, "agents observation"]) -> Float[Tensor, "agents twice_action"]:
        """What the policy of the cluster to follow puts out, for every agent."""
        states = self.placement.batches(self.normaliser.observations(observations))[:, None]
        chosen = self.choose(states) if self.assigned is None else self.assigned[..., 0]
        outputs = self.policies(self.policy_parameters, states)
        index = chosen[:, None, :, None].expand(-1, 1, -1, outputs.shape[-1])
        self.followed = self.placement.agents(chosen[..., None])[:, 0]
        return self.placement.agents(outputs.gather(1, index)[:, 0])

    def choose(self, states: Float[Tensor, "seeds 1 batch observation"]) -> Int[Tensor, "seeds batch"]:
        """The cluster to follow at each (normalised) state."""
        if self.high_level is None:
            return torch.zeros(states.shape[0], states.shape[2], dtype=torch.int64)
        values = self.high_level(self.high_level_parameters, states)
        log_q = torch.log_softmax(self.classifier(self.classifier_parameters, states)[:, 0], dim=-1)
        allowed = in_distribution(log_q, self.exists[:, None], self.in_distribution_ratio)
        if self.home is not None:
            return home_unless_better(values, self.home, allowed, self.standard_errors)
        return values[:, 0].masked_fill(~allowed, -torch.inf).argmax(-1)


def _choice(high_level: Artifact, seeds: int) -> dict[str, Any]:
    """What a file of a high-level policy says of the choice."""
    facts, parameters = high_level.metadata, high_level.tensors["q/parameters"]
    q = Ensemble(tuple(facts["q_sizes"]), seeds, facts.get("folds", 1))
    q.check(parameters)
    return {
        "high_level": q,
        "high_level_parameters": parameters,
        "home": high_level.tensors.get("home"),
        "standard_errors": facts.get("standard_errors", 0.0),
    }


def with_episodes(labels: Int[Tensor, "seeds episodes"], num_clusters: int) -> Bool[Tensor, "seeds clusters"]:
    """Whether each seed's cluster has episodes."""
    return torch.zeros(len(labels), num_clusters, dtype=torch.bool).scatter_(1, labels.long(), True)
