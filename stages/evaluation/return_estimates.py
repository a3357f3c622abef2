"""What agents would earn, estimated from recorded steps alone: by fitted Q evaluation, corrected where that can be.

An estimate is a discounted value over the data's starts. Where the longest episodes were cut off, their length H is the
time limit, and ``H (1 - gamma) / (1 - gamma^H)`` times the value is the return of an episode of H steps whose rewards
come evenly: a scale to read it on, wrong for policies whose episodes end early.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from stages.agents.contract import Agent, require_observations
from stages.artifacts import Artifact, prefixed
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.requirements import require_continuous
from stages.evaluation.actions_at_states import ActionsAtStates
from stages.evaluation.behaviour_density import behaviour_log_density
from stages.evaluation.doubly_robust import doubly_robust
from stages.evaluation.estimate_settings import EstimateSettings
from stages.evaluation.fitted_q import FittedQ
from stages.training.draws import UniformDraws
from stages.training.job import Job


def estimate_returns(job: Job, agent: Agent, parts: Sequence[Artifact], settings: EstimateSettings) -> Artifact:
    """Estimate what each seed's policy would earn; values, networks and losses as a file's contents.

    Args:
        job: The dataset, the seeds and a device.
        agent: Policies of these seeds.
        parts: The files that make up the agent.
        settings: How to estimate.

    Returns:
        Tensors ``start_values [seeds, networks, episodes]`` (discounted, units of the rewards), ``q/parameters``,
        ``scale``, metrics; where actions are sampled and have densities ``doubly_robust [seeds]`` and
        ``effective_episodes [seeds]``.
        Facts: ``q_sizes``, ``q_networks``, ``discount``, ``horizon`` (0: not known), ``sampled``.

    Raises:
        UserError: The agent's actions depend on its episode, it is of other seeds or for other observations, or actions
            are not vectors.
    """
    dataset = job.dataset
    require_observations(agent, dataset.observations.shape[1], "the dataset")
    require_continuous(dataset, "fitted Q evaluation")
    policies = ActionsAtStates(
        agent, job.seeds, job.normaliser, settings.num_samples if settings.sample_actions else None
    )
    following = policies.act(torch.from_numpy(dataset.next_observations), "estimates after steps")
    learner = FittedQ(job, following, settings)
    draws = UniformDraws(job.seeds, len(learner.rows), settings.batch_size)
    metrics = job.train("fitted Q", learner, learner.rows, draws, settings.num_steps)
    starts = dataset.episode_starts
    first = policies.act(torch.from_numpy(dataset.observations[starts]), "estimates at starts")
    values = learner.values_of_states(job.observations[starts], first)
    corrected = _corrected(job, policies, parts, learner, following, values) if settings.sample_actions else {}
    tensors = {
        "start_values": torch.from_numpy(values).float(),
        "q/parameters": learner.q.target_parameters,
        "scale": torch.tensor(learner.scale),
        **corrected,
        **prefixed("metrics", metrics.tensors()),
    }
    facts = {
        "kind": "estimate",
        "q_sizes": learner.q.ensemble.sizes,
        "q_networks": settings.num_networks,
        "discount": settings.discount,
        "horizon": horizon_of(dataset) if settings.horizon is None else settings.horizon,
        "sampled": settings.sample_actions,
    }
    return Artifact(tensors, facts)


def horizon_of(dataset: EpisodeDataset) -> int:
    """Steps of the longest episode, if it was cut off there; else 0: the time limit is not known."""
    longest = int(dataset.episode_lengths.max())
    cut = dataset.truncations[dataset.episode_ends - 1] & (dataset.episode_lengths == longest)
    return longest if cut.any() else 0


def _corrected(
    job: Job,
    policies: ActionsAtStates,
    parts: Sequence[Artifact],
    learner: FittedQ,
    following: Tensor,
    start_values: np.ndarray,
) -> dict[str, Tensor]:
    """Doubly robust estimates and their effective numbers of episodes; nothing of agents without densities."""
    dataset = job.dataset
    density = policies.log_density(torch.from_numpy(dataset.observations), torch.from_numpy(dataset.actions))
    if density is None:
        return {}
    found = doubly_robust(
        dataset,
        density.double().numpy() - behaviour_log_density(job, parts, learner.settings.cloning),
        learner.values_of_steps().mean(1),
        learner.values_of_states(job.next_observations, following).mean(1),
        start_values.mean(1),
        learner.settings.discount,
    )
    return {
        "doubly_robust": torch.from_numpy(found.values),
        "effective_episodes": torch.from_numpy(found.effective_episodes),
    }
