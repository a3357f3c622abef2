"""The engine's training steps on synthetic data, as `Loop`s that the benchmarks run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from benchmarks import work
from benchmarks.plain_loop import PlainSarsa, PlainTd3Bc
from stages.algorithms.td3_bc import Td3Bc, Td3BcSettings
from stages.clustering.alternation.behaviours import Behaviours, BehaviourSettings
from stages.datasets.episodes import EpisodeDataset
from stages.empo.critics import CriticSettings, ReturnV, SarsaQ
from stages.empo.high_level import HighLevel, HighLevelSettings
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.loop import Loop
from stages.training.rows import Batch, Rows

BATCH, NUM_CLUSTERS = 256, 2
# Steps drawn at once, of which every measurement makes a multiple: few, so that measurements can be short.
CHUNK = 32
NARROW, WIDE = (64, 64, 64), (256, 256)


@dataclass(frozen=True)
class Step:
    """One kind of training step.

    Attributes:
        title: What the tables call it.
        operations: Floating-point operations of one seed's step.
        loop: Makes the engine's loop for a job.
        plain: Makes the plain loop's step, where there is one to compare with.
        target: Share of the limit that the native layer should reach with ten seeds.
    """

    title: str
    operations: float
    loop: Callable[[Job], Loop]
    plain: Callable[[EpisodeDataset], Callable[[], None]] | None = None
    target: float | None = None


def steps(dataset: EpisodeDataset) -> dict[str, Step]:
    """All measured steps by name; sizes as in EMPO (Table 4) and TD3+BC."""
    o, a, k = dataset.observations.shape[1], dataset.actions.shape[1], NUM_CLUSTERS
    return {
        "sarsa": Step(
            "SARSA 64x3", work.sarsa((o + a, *NARROW, k), BATCH), sarsa, lambda data: plain_sarsa(data).step, 0.65
        ),
        "value": Step("V 64x3", work.training((o, *NARROW, k), BATCH), value, target=0.65),
        "high_level": Step("IQL 64x3", work.high_level((o, *NARROW, k), (o, *NARROW, 1), BATCH), high_level),
        "m_step": Step("M-step 64x3", work.m_step((o, *NARROW, 2 * a), (o, *NARROW, k), k, BATCH), m_step, target=0.6),
        "td3_bc": Step(
            "TD3+BC 256x2",
            work.td3_bc((o, *WIDE, a), (o + a, *WIDE, 1), BATCH),
            td3_bc,
            lambda data: PlainTd3Bc(data, WIDE, BATCH).step,
            0.7,
        ),
    }


def labels_of(job: Job) -> torch.Tensor:
    """Alternating cluster labels, the same for all seeds."""
    return (torch.arange(job.dataset.num_episodes) % NUM_CLUSTERS).expand(len(job.seeds), -1).contiguous()


def sarsa(job: Job) -> Loop:
    """EMPO's Q of two clusters."""
    assignment = EpisodeTable.one_hot(labels_of(job), NUM_CLUSTERS, job.device)
    learner = SarsaQ(job, assignment, CriticSettings(hidden_sizes=NARROW, batch_size=BATCH), scale=1.0)
    return _uniform(job, learner, learner.rows)


def value(job: Job) -> Loop:
    """EMPO's V of two clusters."""
    assignment = EpisodeTable.one_hot(labels_of(job), NUM_CLUSTERS, job.device)
    settings, returns = CriticSettings(hidden_sizes=NARROW, batch_size=BATCH), job.dataset.rewards
    learner = ReturnV(job, assignment, settings, returns)
    return _uniform(job, learner, learner.rows)


def high_level(job: Job) -> Loop:
    """EMPO's Q and V over two clusters."""
    assignment = EpisodeTable.one_hot(labels_of(job), NUM_CLUSTERS, job.device)
    learner = HighLevel(job, assignment, HighLevelSettings(hidden_sizes=NARROW, batch_size=BATCH), scale=1.0)
    return _uniform(job, learner, learner.rows)


def td3_bc(job: Job) -> Loop:
    """TD3+BC."""
    learner = Td3Bc(job, Td3BcSettings(hidden_sizes=WIDE, batch_size=BATCH))
    return _uniform(job, learner, learner.rows, noise=learner.noise)


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


def _uniform(job: Job, learner: Learner, rows: Rows, noise: dict[str, int] | None = None) -> Loop:
    return Loop(learner, rows, UniformDraws(job.seeds, len(rows), BATCH, CHUNK, noise))
