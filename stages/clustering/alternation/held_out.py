"""Do clusters help to predict episodes that their policies have not seen? A criterion for K with any policies.

Some episodes are kept aside. For every cluster that occurs along the merges a policy is fitted anew to its other
episodes. Each episode kept aside is then cut in two, its even and its odd steps: the cluster that explains one half
best is asked to explain the other,

    ``sum_tau [log beta_z(odd)(even steps of tau) + log beta_z(even)(odd steps of tau)]``

with ``z(h) = argmax_z log beta_z(h)``.

A behaviour split in two pays, since each policy has learnt from fewer episodes and which of the two suits an episode
better is chance; two behaviours in one cluster pay, since one policy cannot do what both do. Scoring an episode by the
policy that is best on all of its steps would instead reward every further policy with another chance to be best.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.artifacts import prefixed
from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.alternation.floored_likelihood import floored_likelihood
from stages.clustering.alternation.merging import Level
from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.datasets.episodes import EpisodeDataset
from stages.networks.ensemble import Ensemble
from stages.networks.heads import head_of
from stages.seeding import generator, generators
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch
from stages.training.trainable import Trainable

KEPT_ASIDE = 0.3
DECAY_EVERY = 50


def judge_by_held_out(
    job: Job,
    settings: PgKmeansSettings,
    labels: Int[Tensor, "seeds episodes"],
    weights: Float[Tensor, "episodes"],
    traces: list[list[Level]],
) -> None:
    """Set the criterion of every level of every seed's trace.

    Args:
        job: Dataset, seeds, device.
        settings: Of PG-Kmeans.
        labels: Labels before merging.
        weights: What each episode counts for; 0 for those that take no part.
        traces: Merges of each seed.
    """
    aside = kept_aside(job.dataset, weights)
    clusters = [occurring(trace) for trace in traces]
    if not len(aside) or max(map(len, clusters)) == 1:
        return
    training = weights.clone().float()
    training[aside] = 0
    members = torch.zeros(*labels.shape, max(map(len, clusters)))
    for seed, groups in enumerate(clusters):
        for place, joined in enumerate(groups):
            members[seed, :, place] = training * torch.isin(labels[seed], torch.tensor(joined))
    learner = ClusterFit(job, settings, members)
    rows = behaviour_rows(job)
    draws = UniformDraws(job.seeds, len(rows), settings.batch_size)
    job.train("held-out likelihood", learner, rows, draws, settings.held_out_steps)
    halves = halved(job.dataset.select(aside.numpy()))
    likelihood = floored_likelihood(behaviour_rows(job, halves), halves, settings.log_prob_floor)
    scores = likelihood(learner.policies).cpu()
    for groups, trace, found in zip(clusters, traces, scores, strict=True):
        for level in trace:
            level.criterion = crossed(found[:, [groups.index(cluster) for cluster in clusters_of(level)]])


class ClusterFit(Learner):
    """Fits a policy to every cluster, with a learning rate that falls to zero by a cosine.

    Args:
        job: Dataset, seeds, device.
        settings: Of PG-Kmeans.
        members: Weight of each episode in each cluster.
    """

    def __init__(self, job: Job, settings: PgKmeansSettings, members: Float[Tensor, "seeds episodes clusters"]) -> None:
        self.settings, self.head = settings, head_of(job.dataset)
        sizes = (job.encoding.width, *settings.hidden_sizes, self.head.num_outputs)
        ensemble = Ensemble(sizes, len(job.seeds), members.shape[-1])
        first = generators(job.seeds, "held-out policies")
        self.policies = Trainable(ensemble, first, settings.learning_rate, job.device)
        self.members = EpisodeTable(members.to(job.device))
        self.steps = torch.zeros((), dtype=torch.int64)
        self.updates = [Update(self.step), Update(self.decay, every=DECAY_EVERY, eager=True)]

    def step(self, batch: Batch) -> Losses:
        """One gradient step on the mean of ``-log beta_z(a | s)`` over each cluster's rows."""
        members = self.members.rows_of(batch).squeeze(1).mT
        log_probs = self.head.log_prob(self.policies(batch["observations"]), batch["actions"])
        loss = -(members * log_probs).sum(-1) / members.sum(-1).clamp(min=1.0)
        self.policies.minimise(loss)
        return {"held-out policies": loss.mean(1)}

    def decay(self, batch: Batch) -> Losses:
        """Lower the learning rate."""
        self.steps += DECAY_EVERY
        share = 0.5 + 0.5 * math.cos(math.pi * min(1.0, int(self.steps) / self.settings.held_out_steps))
        self.policies.learning_rate.fill_(share * self.settings.learning_rate)
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return {"steps": self.steps, **prefixed("policies", self.policies.tensors())}


def kept_aside(dataset: EpisodeDataset, weights: Float[Tensor, "episodes"]) -> Int[Tensor, "aside"]:
    """Three in ten of the episodes that take part and have two steps or more, the same for all seeds."""
    fit = np.flatnonzero((dataset.episode_lengths >= 2) & (weights.numpy() > 0))
    shuffled = generator(0, "episodes kept aside").permutation(fit)
    return torch.from_numpy(np.sort(shuffled[: math.ceil(KEPT_ASIDE * len(fit))]))


def halved(dataset: EpisodeDataset) -> EpisodeDataset:
    """Every episode as two, its even and its odd steps."""
    episode = dataset.episode_of_step
    odd = (np.arange(dataset.num_steps) - dataset.episode_starts[episode]) % 2
    half = 2 * episode + odd
    order = np.argsort(half, kind="stable")
    last = np.append(np.diff(half[order]) > 0, True)
    arrays = {name: getattr(dataset, name)[order] for name in ("observations", "actions", "rewards")}
    return replace(
        dataset,
        **arrays,
        next_observations=dataset.next_observations[order],
        terminations=np.zeros_like(last),
        truncations=last,
        costs=None,
        behaviour_policy=None,
    )


def crossed(scores: Float[Tensor, "halves clusters"]) -> float:
    """Log-likelihood of each half under the cluster that the other half speaks for."""
    even, odd = scores[0::2], scores[1::2]
    by_odd = even.gather(1, odd.argmax(1, keepdim=True))
    by_even = odd.gather(1, even.argmax(1, keepdim=True))
    return float((by_odd + by_even).sum())


def clusters_of(level: Level) -> list[list[int]]:
    """The clusters of a level, each as the clusters that have become it."""
    return [np.flatnonzero(level.renaming == cluster).tolist() for cluster in level.alive]


def occurring(trace: list[Level]) -> list[list[int]]:
    """All different clusters of a trace."""
    found: list[list[int]] = []
    for level in trace:
        found += [cluster for cluster in clusters_of(level) if cluster not in found]
    return found
