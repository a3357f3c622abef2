"""Steps on more than single rows: whole datasets (E-step, policy improvement), segments (TraC), clusters (C4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from benchmarks import work
from benchmarks.engine_steps import BATCH, CHUNK, NARROW, NUM_CLUSTERS, WIDE, Step, labels_of
from benchmarks.synthetic_data import random_dataset
from stages.algorithms.c4 import C4, C4Settings
from stages.algorithms.cross_covariance.cluster_draws import ClusterDraws
from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.alternation.trajectory_likelihood import TrajectoryLikelihood
from stages.datasets.episodes import EpisodeDataset
from stages.empo.cluster_rows import ClusterRows
from stages.empo.improvement import Critics
from stages.empo.ppo import Ppo, PpoSettings
from stages.networks.ensemble import Ensemble
from stages.safety.segments.partition import Partition
from stages.safety.segments.segment_rows import SegmentRows
from stages.safety.segments.segments import Segments
from stages.safety.trac import Classification, Trac, TracSettings
from stages.seeding import generators
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.member_draws import MemberDraws
from stages.training.trainable import Trainable

EPISODES = 20  # of the smaller dataset that these steps work on, of 1,000 steps each
SEGMENTS, LENGTH, COST_LIMIT = 96, 10, 1.0
LONGEST = 1_000_000


def grouped_steps(dataset: EpisodeDataset) -> dict[str, Step]:
    """The steps by name; sizes as in EMPO (Table 4), TraC and TD3+BC."""
    o, a, rows = dataset.observations.shape[1], dataset.actions.shape[1], EPISODES * 1000
    policy, actor, critic = (o, *NARROW, 2 * a), (o, *WIDE, a), (o + a, *WIDE, 1)
    e_steps = NUM_CLUSTERS * work.forward(policy, rows)
    return {
        "trac": Step("TraC 256x2", work.training(actor, SEGMENTS * LENGTH), trac, 0.6),
        "c4": Step("C4 on TD3+BC 256x2", work.c4(actor, critic, BATCH), c4),
        "e_step": Step("E-step 64x3, one pass", e_steps, e_step, 0.65, chunk=1),
        "improvement": Step("PPO 64x3, one epoch", work.training(policy, rows), improvement, 0.65, chunk=1),
    }


class Passes:
    """Passes over a whole dataset, run like a `Loop`."""

    def __init__(self, once: Callable[[], object]) -> None:
        self.once, self.step = once, 0

    def run(self, num_steps: int) -> None:
        """Make passes until there have been `num_steps`."""
        while self.step < num_steps:
            self.once()
            self.step += 1


def smaller(job: Job) -> Job:
    """The job on the smaller dataset, in which costs are 0 or 1 at random."""
    dataset = random_dataset(EPISODES)
    costs = np.random.default_rng(1).integers(0, 2, dataset.num_steps).astype(np.float32)
    return replace(job, dataset=replace(dataset, costs=costs))


def policies_of(job: Job) -> Trainable:
    """A Gaussian policy for each of two clusters."""
    sizes = (job.observations.shape[1], *NARROW, 2 * job.actions.shape[1])
    ensemble = Ensemble(sizes, len(job.seeds), NUM_CLUSTERS)
    return Trainable(ensemble, generators(job.seeds, "policies"), 3e-4, job.device)


def e_step(job: Job) -> Passes:
    """EM's likelihood of all episodes under both policies."""
    job = smaller(job)
    likelihood, policies = TrajectoryLikelihood(behaviour_rows(job), job.dataset), policies_of(job)
    return Passes(lambda: likelihood(policies))


def improvement(job: Job) -> Passes:
    """An epoch of PPO: the gradient of the whole dataset in chunks, and one step of Adam."""
    job = smaller(job)
    o, a, seeds = job.observations.shape[1], job.actions.shape[1], len(job.seeds)
    q, v = Ensemble((o + a, *NARROW, NUM_CLUSTERS), seeds), Ensemble((o, *NARROW, NUM_CLUSTERS), seeds)
    values = [shape.initialise(generators(job.seeds, "values")).to(job.device) for shape in (q, v)]
    labels = labels_of(job)[:, torch.from_numpy(job.dataset.episode_of_step)]
    rows = ClusterRows(labels, NUM_CLUSTERS, job.observations.to(job.device))
    ppo = Ppo(job, policies_of(job), Critics(q, values[0], v, values[1]), rows, PpoSettings())
    ppo.reference = ppo.policies.parameters.detach().clone()
    samples = ppo.sample(0)
    return Passes(lambda: ppo.improve(samples, 0))


def trac(job: Job) -> Loop:
    """TraC's classification of segments under one cost limit."""
    job = smaller(job)
    starts = np.arange(0, 1000 - LENGTH, LENGTH)
    segments = Segments(np.repeat(np.arange(EPISODES), len(starts)), np.tile(starts, EPISODES), LENGTH)
    labels = np.arange(len(segments), dtype=np.int8)[None] % 2
    weights = np.ones(labels.shape, dtype=np.float32)
    partition = Partition(segments, (COST_LIMIT,), labels, weights, {"episodes": EPISODES})
    settings = TracSettings(hidden_sizes=WIDE, batch_size=SEGMENTS)
    method = Trac(job, settings, partition.artifact())
    rows = SegmentRows(job, partition, [0], method.actor, method.head)
    pools = dict.fromkeys(job.seeds, method.pools())
    draws = MemberDraws(job.seeds, pools, ["segments"], SEGMENTS, CHUNK)
    return Loop(Classification(method.actor, method.head, LENGTH, settings), rows, draws)


def c4(job: Job) -> Loop:
    """TD3+BC with C4's penalty on batches of one cluster; the clusters are fitted once, before the measurements."""
    learner = C4(smaller(job), C4Settings(host={"method": "td3_bc", "hidden_sizes": WIDE}, refit_every=LONGEST))
    return Loop(learner, learner.rows, ClusterDraws(job.seeds, learner.labels, BATCH, CHUNK, learner.noise))
