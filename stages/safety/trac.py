"""TraC: a policy under a cost limit by telling desirable from undesirable pieces of the data, without any critic.

A policy is cloned from all labelled segments and a copy of it frozen as the reference. A segment tau of L steps scores
how much more likely the policy makes it than the reference does,

    psi(tau) = alpha sum_t gamma^t (log pi(a_t | s_t) - log pi_ref(a_t | s_t)),

and a classifier with ``p(desirable | tau) = sigmoid(psi)`` is fitted by weighted binary cross-entropy. Why: in the
regret-based model of preference a segment is preferred by its sum of optimal advantages, and for a policy kept near
the reference that sum is psi.

Objective:  ``1/N sum_i lambda_i w_i [y_i softplus(-psi_i) + (1 - y_i) softplus(psi_i)]``, lambda being 1 where y = 1
            and ``eta N_1 / N_0`` where y = 0; N_1 and N_0 are the counts of the two labels in the batch. A batch
            without desirable segments thus has loss 0, one without undesirable ones has only the other term.
Source:     Gong, Kumar, Varakantham: Offline Safe Reinforcement Learning Using Trajectory Classification, AAAI 2025,
            and its released code; labels and weights w are those of `partition`.
Beyond the paper: one block trains all limits and seeds. With `balanced_batches` half of a batch is drawn from either
            label, which multiplies the expected loss by a constant, N / (2 N_1) of the partition, and takes the noise
            out of N_1 / N_0; otherwise segments are drawn as they come. Pretraining draws single rows that lie in
            labelled segments, all with equal chance: drawn by segment, the rows an episode begins with would be rare,
            as few segments hold them. The reference's log-probabilities are computed once per row of the dataset. With
            `residual_units` the surrogate's squared errors count in units of the reference's own mean squared error,
            so that one alpha suits tasks whose behaviours are nearly one policy and tasks where they are many
            (docs/decisions/0011); the cloning that `cloning_weight` adds counts in the same units (0013).
Deviations: softplus instead of the logarithm of a clamped probability, so that segments far on the wrong side keep
            their gradient. No dropout, so the score is exactly 0 at the switch. Observations are standardised,
            actions scaled to the dataset's box; initial weights are uniform instead of orthogonal.

Symbols: score_scale = alpha, discount = gamma, undesirable_weight = eta, batch_size = N.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from stages.agents.network import artifact_of_policies
from stages.artifacts import Artifact, prefixed
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.safety import SAFETY
from stages.safety.contract import PARTITION, SafeAlgorithm, SafeSettings
from stages.safety.limits.cloning import Cloning, limit_draws, rows_to_clone
from stages.safety.limits.limit_head import LimitHead, PolicyKind
from stages.safety.segments.partition import DESIRABLE, LEFT_OUT, UNDESIRABLE, Partition
from stages.safety.segments.segment_rows import SegmentRows
from stages.seeding import generators
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch
from stages.training.seedwise_adam import warm_up
from stages.training.trainable import Trainable

SMALLEST_ERROR = 1e-6


class TracSettings(SafeSettings):
    """TraC; defaults are those released for Safety-Gymnasium where not said otherwise."""

    num_steps: int = Field(70_000, ge=0, description="gradient steps of the classification")
    batch_size: int = Field(96, ge=1, description="segments per step of the classification, N")
    learning_rate: float = Field(1.0e-5, gt=0, description="Adam step size of the classification")
    warm_up_steps: int = Field(10_000, ge=0, description="steps over which that rate rises from 0")
    pretraining_steps: int = Field(30_000, ge=0, description="gradient steps of cloning; 0: a random reference")
    pretraining_batch_size: int = Field(512, ge=1, description="rows per step of cloning")
    pretraining_learning_rate: float = Field(1.0e-4, gt=0, description="Adam step size of cloning")
    score_scale: float = Field(0.1, gt=0, description="alpha: scale of the score")
    residual_units: bool = Field(False, description="deterministic policy: score in units of the reference's error")
    discount: float = Field(0.99, gt=0, le=1, description="gamma: discount of a segment's later steps")
    undesirable_weight: float = Field(0.5, ge=0, description="eta: weight of the undesirable against the desirable")
    sides: Literal["both", "desirable", "undesirable"] = Field("both", description="labels that have a loss")
    cloning_weight: float = Field(0.0, ge=0, description="weight of cloning beside it, in the score's units")
    policy: PolicyKind = Field("deterministic", description="surrogate of a deterministic policy, or a Gaussian one")
    balanced_batches: bool = Field(True, description="draw half of a batch from either label")


@SAFETY.register("trac", TracSettings)
class Trac(SafeAlgorithm):
    """One policy per seed and limit of the partition."""

    ingredient = PARTITION
    settings: TracSettings

    def __init__(self, job: Job, settings: TracSettings, given: Artifact) -> None:
        super().__init__(job, settings, given)
        self.partition = Partition.load(given)
        self.partition.require_episodes(job.dataset, given.place or "--given")
        if missing := [limit for limit in self.limits if limit not in self.partition.limits]:
            cause = f"the partition has no labels for the cost limit {missing[0]:g}"
            offered = ", ".join(f"{limit:g}" for limit in self.partition.limits)
            raise UserError(cause, place="cost_limits", remedy=f"Choose among {offered}, or partition again")
        self.head = LimitHead(settings.policy, job.actions.shape[1])
        sizes = (job.observations.shape[1], *settings.hidden_sizes, self.head.num_outputs)
        self.policy = Ensemble(sizes, len(job.seeds), len(self.limits))
        rate = settings.pretraining_learning_rate
        self.actor = Trainable(self.policy, generators(job.seeds, "trac"), rate, job.device, target=True)

    def train(self) -> Artifact:
        cloning = self.pretrain()
        classification = self.classify()
        metrics = prefixed("pretraining", cloning) | prefixed("classification", classification)
        artifact = artifact_of_policies(
            self.policy, self.actor.parameters, self.job.normaliser, self.limits, self.head.squashed, metrics
        )
        artifact.metadata["partition"] = self.partition.facts
        return artifact

    def pretrain(self) -> dict[str, Tensor]:
        """Clone the labelled segments, and freeze the result as the reference; the losses."""
        job, settings = self.job, self.settings
        pools = [[self.partition.segments.rows(job.dataset, labels != LEFT_OUT)] for labels in self.labels]
        draws = limit_draws(job.seeds, pools, self.limits, settings.pretraining_batch_size, "pretraining rows")
        learner = Cloning(self.actor, self.head)
        metrics = job.train("pretraining", learner, rows_to_clone(job), draws, settings.pretraining_steps)
        self.actor.move_target(1.0)
        self.actor.restart()
        return metrics.tensors()

    def classify(self) -> dict[str, Tensor]:
        """Fit the classifier that the policy is; the losses."""
        job, settings = self.job, self.settings
        rows = SegmentRows(job, self.partition, self.numbers, self.actor, self.head)
        draws = limit_draws(job.seeds, self.pools(), self.limits, settings.batch_size, "segments")
        learner = Classification(self.actor, self.head, self.partition.segments.length, settings, self.unit(rows))
        return job.train("classification", learner, rows, draws, settings.num_steps).tensors()

    def unit(self, rows: SegmentRows) -> Float[Tensor, "seeds limits"]:
        """What scores are divided by: 1, or the reference's mean squared error on the dataset."""
        error = -rows.reference.mean(-1)
        wanted = self.settings.residual_units and self.head.squashed
        return error.clamp(min=SMALLEST_ERROR) if wanted else torch.ones_like(error)

    def pools(self) -> list[list[Int[np.ndarray, "_"]]]:
        """The segments each limit draws from, apart by label where batches are balanced."""
        if self.settings.balanced_batches:
            return [
                [np.flatnonzero(labels == DESIRABLE), np.flatnonzero(labels == UNDESIRABLE)] for labels in self.labels
            ]
        return [[np.flatnonzero(labels != LEFT_OUT)] for labels in self.labels]

    @property
    def numbers(self) -> list[int]:
        """Where in the partition each limit is."""
        return [self.partition.limits.index(limit) for limit in self.limits]

    @property
    def labels(self) -> Int[np.ndarray, "limits segments"]:
        return self.partition.labels[self.numbers]


class Classification(Learner):
    """Learner of the policy as a classifier of segments.

    Args:
        actor: The policy, which is changed.
        head: How its outputs are read.
        length: Steps per segment.
        settings: The method's.
        unit: What the scores and the cloning loss are divided by.
    """

    def __init__(
        self,
        actor: Trainable,
        head: LimitHead,
        length: int,
        settings: TracSettings,
        unit: Float[Tensor, "seeds limits"] | float = 1.0,
    ) -> None:
        self.actor, self.head, self.settings = actor, head, settings
        self.unit = torch.as_tensor(unit)[..., None]
        powers = settings.discount ** torch.arange(length, dtype=torch.float64)
        self.step_weights = (settings.score_scale * powers).float().to(actor.parameters.device)
        actor.follow(settings.learning_rate, warm_up(settings.warm_up_steps))
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step on the segments of the batch."""
        settings = self.settings
        log_probs = self.head.log_prob(self.actor(batch["observations"]), batch["actions"])
        scores = self.scores(log_probs - batch["reference"])
        loss = classification_loss(
            scores, batch["labels"], batch["weights"], settings.undesirable_weight, settings.sides
        )
        self.actor.minimise(loss - settings.cloning_weight * (log_probs / self.unit).mean(-1))
        right = ((scores > 0) == (batch["labels"] == DESIRABLE)).float().mean(-1)
        return {"loss": loss.detach(), "accuracy": right, "score": scores.detach().mean(-1)}

    def scores(self, log_ratios: Float[Tensor, "seeds limits steps"]) -> Float[Tensor, "seeds limits batch"]:
        """The sum psi of each segment."""
        return log_ratios.unflatten(-1, (-1, len(self.step_weights))) @ self.step_weights / self.unit

    def tensors(self) -> dict[str, Tensor]:
        return self.actor.tensors()


def classification_loss(
    scores: Float[Tensor, "*networks batch"],
    labels: Float[Tensor, "*networks batch"],
    weights: Float[Tensor, "*networks batch"],
    undesirable_weight: float,
    sides: str = "both",
) -> Float[Tensor, "*networks"]:
    """The weighted cross-entropy of a batch, see the module.

    Args:
        scores: psi.
        labels: 1 desirable, 0 undesirable.
        weights: w.
        undesirable_weight: eta.
        sides: Labels that have a loss: ``both``, ``desirable`` or ``undesirable``.
    """
    desirable, undesirable = labels, 1 - labels
    balance = undesirable_weight * desirable.sum(-1) / undesirable.sum(-1).clamp(min=1)
    wanted = (desirable * weights * softplus(-scores)).mean(-1)
    unwanted = balance * (undesirable * weights * softplus(scores)).mean(-1)
    return {"both": wanted + unwanted, "desirable": wanted, "undesirable": unwanted}[sides]
