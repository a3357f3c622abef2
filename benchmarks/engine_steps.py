"""The engine's training steps on synthetic data, as things that the benchmarks run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import torch

from benchmarks import work
from benchmarks.plain_loop import PlainSarsa, PlainTd3Bc
from stages.algorithms.iql import Iql, IqlSettings
from stages.algorithms.td3_bc import Td3Bc, Td3BcSettings
from stages.clustering.alternation.behaviours import Behaviours, BehaviourSettings
from stages.datasets.episodes import EpisodeDataset
from stages.empo.critic_settings import CriticSettings
from stages.empo.critics import ReturnV, SarsaQ
from stages.empo.high_level import HighLevel
from stages.empo.high_level_settings import HighLevelSettings
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.loop import Loop
from stages.training.rows import Batch, Rows

BATCH, NUM_CLUSTERS = 256, 2
# Steps drawn at once, of which every measurement makes a multiple: few, so that measurements can be short.
CHUNK = 16
# As many as training draws at once. Steps drive the drawing code out of the caches, which makes it ten times as slow:
# if only 16 steps share that, it is an eighth of a step of 64 units.
LONG_CHUNK = 256
NARROW, WIDE = (64, 64, 64), (256, 256)
TEN, ALSO_ALONE = (10,), (1, 10)


class Runs(Protocol):
    """What a `Loop` is to a benchmark: steps up to a number in total are made, by all seeds."""

    @property
    def step(self) -> int:
        """Steps made so far."""

    def run(self, num_steps: int) -> object:
        """Go on until `num_steps` have been made."""


@dataclass(frozen=True)
class Step:
    """One kind of training step, or a pass over a dataset.

    Attributes:
        title: What the tables call it.
        operations: Floating-point operations of one seed's step.
        start: Makes what runs it for a job.
        target: Share of the limit that the native layer should reach with ten seeds.
        seeds: Numbers of seeds measured.
        plain: Makes the plain loop's step, where there is one to compare with.
        peer_targets: By instruction set, then number of seeds: how many times as fast as the scan in JAX it should be.
        chunk: A measurement makes a multiple of so many steps.
    """

    title: str
    operations: float
    start: Callable[[Job], Runs]
    target: float | None = None
    seeds: tuple[int, ...] = TEN
    plain: Callable[[EpisodeDataset], Callable[[], None]] | None = None
    peer_targets: Mapping[str, Mapping[int, float]] = field(default_factory=dict)
    chunk: int = CHUNK


NARROW_PEERS = {"avx2": {1: 1.4, 10: 1.8}, "avx512": {1: 1.1, 10: 1.35}}
WIDE_PEERS = {"avx2": {1: 1.0}, "avx512": {1: 1.0}}


def steps(dataset: EpisodeDataset) -> dict[str, Step]:
    """Steps on single rows, by name; sizes as in EMPO (Table 4), TD3+BC and IQL."""
    o, a, k = dataset.observations.shape[1], dataset.actions.shape[1], NUM_CLUSTERS
    q, v, classifier = (o + a, *NARROW, k), (o, *NARROW, k), (o, *NARROW, k)
    actor, critic, value = (o, *WIDE, a), (o + a, *WIDE, 1), (o, *WIDE, 1)
    return {
        "sarsa": Step(
            "SARSA 64x3", work.sarsa(q, BATCH), sarsa, 0.65, ALSO_ALONE, lambda d: plain_sarsa(d).step, NARROW_PEERS,
            LONG_CHUNK,
        ),
        "value": Step(
            "V 64x3", work.training(v, BATCH), returns, 0.65, ALSO_ALONE, peer_targets=NARROW_PEERS, chunk=LONG_CHUNK
        ),
        "m_step": Step("EM's M-step 64x3", work.m_step((o, *NARROW, 2 * a), classifier, k, BATCH), m_step, 0.6),
        "high_level": Step("high-level IQL 64x3", work.high_level(q, (o, *NARROW, 1), BATCH), high_level),
        "td3_bc": Step(
            "TD3+BC 256x2", work.td3_bc(actor, critic, BATCH), td3_bc, 0.7, ALSO_ALONE,
            lambda d: PlainTd3Bc(d, WIDE, BATCH).step, WIDE_PEERS,
        ),
        "iql": Step("IQL 256x2", work.iql((o, *WIDE, 2 * a), critic, value, BATCH), iql, 0.7),
    }  # fmt: skip


def labels_of(job: Job) -> torch.Tensor:
    """Alternating cluster labels, the same for all seeds."""
    return (torch.arange(job.dataset.num_episodes) % NUM_CLUSTERS).expand(len(job.seeds), -1).contiguous()


def sarsa(job: Job) -> Loop:
    """EMPO's Q of two clusters."""
    assignment = EpisodeTable.one_hot(labels_of(job), NUM_CLUSTERS, job.device)
    learner = SarsaQ(job, assignment, CriticSettings(hidden_sizes=NARROW, batch_size=BATCH), scale=1.0)
    return _uniform(job, learner, learner.rows, chunk=LONG_CHUNK)


def returns(job: Job) -> Loop:
    """EMPO's V of two clusters."""
    assignment = EpisodeTable.one_hot(labels_of(job), NUM_CLUSTERS, job.device)
    settings = CriticSettings(hidden_sizes=NARROW, batch_size=BATCH)
    learner = ReturnV(job, assignment, settings, job.dataset.rewards)
    return _uniform(job, learner, learner.rows, chunk=LONG_CHUNK)


def high_level(job: Job) -> Loop:
    """EMPO's Q and V over two clusters."""
    assignment = EpisodeTable.one_hot(labels_of(job), NUM_CLUSTERS, job.device)
    learner = HighLevel(job, assignment, HighLevelSettings(hidden_sizes=NARROW, batch_size=BATCH), scale=1.0)
    return _uniform(job, learner, learner.rows)


def td3_bc(job: Job) -> Loop:
    """TD3+BC."""
    learner = Td3Bc(job, Td3BcSettings(hidden_sizes=WIDE, batch_size=BATCH))
    return _uniform(job, learner, learner.rows, noise=learner.noise)


def iql(job: Job) -> Loop:
    """IQL: values, actor and critics at every step."""
    learner = Iql(job, IqlSettings(hidden_sizes=WIDE, batch_size=BATCH))
    return _uniform(job, learner, learner.rows)


def m_step(job: Job) -> Loop:
    """The M-step of EM with two clusters: both policies and the classifier."""
    learner = MStep(job)
    return _uniform(job, learner, learner.behaviours.rows)


class MStep:
    """EM's learner without its E-step, which belongs to the end of an epoch."""

    def __init__(self, job: Job) -> None:
        weights = torch.full((len(job.seeds), job.dataset.num_episodes, NUM_CLUSTERS), 1 / NUM_CLUSTERS)
        settings = BehaviourSettings(hidden_sizes=NARROW, batch_size=BATCH)
        self.behaviours = Behaviours(job, settings, NUM_CLUSTERS, weights)
        self.updates = [Update(self.step)]

    def step(self, batch: Batch) -> Losses:
        """One step of policies and classifier."""
        weights = self.behaviours.weights.rows_of(batch)
        return self.behaviours.fit_policies(batch, weights) | self.behaviours.fit_classifier(batch, weights)

    def finished(self) -> bool:
        return False

    def tensors(self) -> dict[str, torch.Tensor]:
        return self.behaviours.tensors()


def plain_sarsa(dataset: EpisodeDataset) -> PlainSarsa:
    """The plain loop of the step `sarsa`."""
    labels = (torch.arange(dataset.num_episodes) % NUM_CLUSTERS).numpy()
    return PlainSarsa(dataset, labels, NARROW, BATCH)


def _uniform(job: Job, learner: Learner, rows: Rows, noise: dict[str, int] | None = None, chunk: int = CHUNK) -> Loop:
    return Loop(learner, rows, UniformDraws(job.seeds, len(rows), BATCH, chunk, noise))
