"""How likely the recorded actions were to those who recorded them, where that was not recorded."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.agents.network import NetworkAgent
from stages.algorithms.behaviour_cloning import BehaviourCloning, BehaviourCloningSettings
from stages.artifacts import Artifact
from stages.clustering.cluster_networks import ClusterNetworks
from stages.clustering.clusters_file import ClustersFile
from stages.evaluation.actions_at_states import ActionsAtStates
from stages.evaluation.estimate_settings import CloningSettings
from stages.networks import gaussian
from stages.training.job import Job

AT_ONCE = 4096  # steps whose density is worked out together


def behaviour_log_density(
    job: Job, parts: Sequence[Artifact], settings: CloningSettings
) -> Float[np.ndarray, "seeds steps"]:
    """Log density of each recorded action, in units of the environment.

    By the policy of the cluster that the step's episode lies in, where the agent's files hold clusters, as behaviours
    differ; otherwise by one cloned Gaussian, which is wrong where several behaviours were mixed.

    Args:
        job: The dataset and the seeds.
        parts: The files that make up the agent.
        settings: How to clone.

    Raises:
        UserError: The clusters are of other episodes.
    """
    clusters = next((part for part in parts if part.metadata.get("kind") == "clusters"), None)
    return _cloned(job, settings) if clusters is None else _of_clusters(job, clusters)


def _of_clusters(job: Job, clusters: Artifact) -> Float[np.ndarray, "seeds steps"]:
    file, networks = ClustersFile.of(clusters), ClusterNetworks.of(clusters)
    file.require_episodes(job.dataset.episode_lengths)
    labels = torch.from_numpy(file.labels_of_steps(job.dataset.episode_of_step))
    observations = networks.normaliser.observations(torch.from_numpy(job.dataset.observations))
    actions = networks.normaliser.actions_of(job.dataset)
    columns = zip(observations.split(AT_ONCE), actions.split(AT_ONCE), labels.split(AT_ONCE, dim=1), strict=True)
    parts = [_chosen(networks, *chunk) for chunk in columns]
    return (torch.cat(parts, dim=1) - networks.normaliser.action_scale.log().sum()).double().numpy()


@torch.no_grad()
def _chosen(networks: ClusterNetworks, states: Tensor, actions: Tensor, labels: Tensor) -> Float[Tensor, "seeds rows"]:
    """The log density of each step under its cluster's policy."""
    outputs = networks.policies(networks.policy_parameters, states.expand(len(labels), 1, -1, -1))
    return gaussian.log_prob(outputs, actions).gather(1, labels[:, None])[:, 0]


def _cloned(job: Job, settings: CloningSettings) -> Float[np.ndarray, "seeds steps"]:
    learner = BehaviourCloning(job, BehaviourCloningSettings(**settings.model_dump()))
    job.train("behaviour", learner, learner.rows, learner.draws(), settings.num_steps)
    parameters = learner.policy_parameters().detach().cpu()
    policies = ActionsAtStates(
        NetworkAgent(learner.policy, parameters, job.normaliser, squashed=False), job.seeds, job.normaliser
    )
    density = policies.log_density(torch.from_numpy(job.dataset.observations), torch.from_numpy(job.dataset.actions))
    assert density is not None
    return density.double().numpy()
