"""EMPO's high-level policy under a cost budget: which cluster to follow, by its reward value, if its costs still fit.

A clustering tells who did what; its policies differ in what they earn and what they cost. For every cluster the value
networks of `cluster_values` say what following it to the end of the episode would earn and cost from here; at each step
`budgeted_agent` follows the best of the clusters whose costs fit into what is left of the budget. Since the cluster
that is followed could always be followed further, the choice stays within the budget as far as the values are right,
and each choice is one step of policy improvement over all clusters. One model serves every cost limit.

Objective: those of `cluster_values`; the choice is ``argmax_z Q_r(s, t, z)`` over the z in ID(s) with
           ``Q_c(s, t, z) <= budget left``.
Source:    ours, after Park, Cho, Sung: EMPO, ARLET 2024, Section 3.3 (the high-level policy over clusters and ID(s)),
           with the budget counted down as in Chemingui et al.: CAPS, AAAI 2025.

Deviations: EMPO's Q_H is optimistic about all later choices, which a budget may forbid; it is the setting
            ``reward_values: stitched``. The clusters' policies are followed as they were fitted: EMPO's improvement
            raises reward whatever it costs, so it has no place here, and no single step can be better than the best
            cluster's. Policies come with the clusters; recipes of clusterings need some `refit_epochs`. They are
            fitted further here, see `cluster_policies`.

Symbols: in_distribution_ratio = b, switch_margin = m; others in `cluster_values`.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.agents.contract import Agent
from stages.artifacts import Artifact, prefixed
from stages.clustering.cluster_networks import GAUSSIAN, ClusterNetworks
from stages.clustering.clusters_file import ClustersFile
from stages.datasets.requirements import require
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.clusters.budgeted_agent import BudgetedClusters
from stages.safety.clusters.cluster_policies import ClusterPolicies, cluster_draws
from stages.safety.clusters.cluster_values import ClusterValues, ClusterValueSettings
from stages.safety.contract import CLUSTERS, SafeAlgorithm
from stages.safety.limits.cloning import rows_to_clone
from stages.seeding import generators
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.trainable import Trainable


class BudgetedSettings(ClusterValueSettings):
    """Clusters under a budget."""

    in_distribution_ratio: float | None = Field(
        5.0, ge=1, description="b: clusters at least max q(z|s) / b likely may be followed; null: all"
    )
    hold: int = Field(1, ge=1, description="steps that a choice is kept for")
    switch_margin: float = Field(
        0.1, ge=0, description="m: how much better another cluster must be to be switched to, in spreads of returns"
    )
    policy_steps: int = Field(
        3000, ge=0, description="steps of fitting the policies further; 0: as clustering left them"
    )
    policy_batch_size: int = Field(64, ge=1, description="rows per cluster and step of fitting policies")
    policy_learning_rate: float = Field(3.0e-3, gt=0, description="Adam step size at the start of fitting policies")


@SAFETY.register("budgeted_clusters", BudgetedSettings)
class Budgeted(SafeAlgorithm):
    """One model per seed, for all limits."""

    ingredient = CLUSTERS
    settings: BudgetedSettings
    given: Artifact

    def __init__(self, job: Job, settings: BudgetedSettings, given: Artifact) -> None:
        super().__init__(job, settings, given)
        require(job.dataset, costs=True)
        _require_policies(job, given)

    def train(self) -> Artifact:
        job, given, settings = self.job, self.given, self.settings
        clusters, networks = ClustersFile.of(given), ClusterNetworks.of(given)
        labels, number = torch.from_numpy(clusters.labels), clusters.num_clusters
        networks = replace(networks, policy_parameters=self.fitted_policies(clusters, networks))
        learner = ClusterValues(job, networks.normaliser, labels, number, settings)
        draws = UniformDraws(job.seeds, len(learner.rows), settings.batch_size)
        metrics = job.train("cluster values", learner, learner.rows, draws, settings.num_steps)
        tensors = {
            **networks.tensors(),
            "values/parameters": learner.values.parameters.detach(),
            "exists": torch.zeros(len(labels), number, dtype=torch.uint8).scatter_(1, labels, 1),
            **prefixed("metrics", metrics.tensors()),
        }
        facts = {
            **networks.shapes(),
            "value_sizes": learner.values.ensemble.sizes,
            "reward_unit": learner.units.reward,
            "cost_unit": learner.units.cost,
            "horizon": learner.units.horizon,
            "knows_time": settings.knows_time,
            "in_distribution_ratio": settings.in_distribution_ratio,
            "hold": settings.hold,
            "switch_margin": settings.switch_margin,
        }
        return Artifact(tensors, facts)

    def fitted_policies(self, clusters: ClustersFile, networks: ClusterNetworks) -> Float[Tensor, "parameters"]:
        """Parameters of the clusters' policies, fitted further from where the clustering left them."""
        job, settings, sources = self.job, self.settings, generators(self.job.seeds, "policies")
        policies = Trainable(networks.policies, sources, settings.policy_learning_rate, job.device)
        policies.load(networks.policy_parameters)
        of_row = clusters.labels_of_steps(job.dataset.episode_of_step)
        draws = cluster_draws(job.seeds, of_row, clusters.num_clusters, settings.policy_batch_size)
        learner = ClusterPolicies(policies, settings.policy_steps)
        job.train("clusters' policies", learner, rows_to_clone(job), draws, settings.policy_steps)
        return policies.parameters.detach()

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        return BudgetedClusters.load(artifact)


def _require_policies(job: Job, given: Artifact) -> None:
    """Stop unless the clusters have policies and are those of the job's seeds and episodes."""
    if missing := ClusterNetworks.missing(given):
        remedy = "Give the recipe of the clustering some refit_epochs"
        raise UserError(f"the clusters have no policies ({missing[0]})", place="--given", remedy=remedy)
    if (head := ClusterNetworks.of(given).head) != GAUSSIAN:
        cause = f"the clusters' policies are of the kind {head}, which is not fitted further here"
        raise UserError(cause, place="--given", remedy="Give a recipe of clusters without `steady`")
    seeds, episodes = ClustersFile.of(given).labels.shape
    if given.metadata.get("seeds", list(job.seeds)) != list(job.seeds) or seeds != len(job.seeds):
        cause = f"the clusters are of the seeds {given.metadata.get('seeds')}, not {list(job.seeds)}"
        raise UserError(cause, place="--given", remedy="Cluster with the same --seeds")
    if episodes != job.dataset.num_episodes:
        cause = f"the clusters are of {episodes} episodes, the dataset has {job.dataset.num_episodes}"
        raise UserError(cause, place="--given", remedy="Give the clusters of this dataset")
