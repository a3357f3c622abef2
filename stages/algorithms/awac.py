"""AWAC: cloning of actions that are better than the policy's own.

Objectives: critics ``[Q_i(s, a) - (r + gamma min_j Qbar_j(s', a'))]^2``, a' ~ pi(s');
            actor ``- min(exp(A(s, a) / lambda), 100) log pi(a | s)``, ``A = min_i Q_i(s, a) - min_i Q_i(s, a~)``,
            a~ ~ pi(s).
Source:     Nair, Gupta, Dalal, Levine: AWAC: Accelerating Online Reinforcement Learning with Offline Datasets, 2020,
            Eqs. 4, 11 and 13; settings as in CORL.

Deviations: means are squashed into the box, and standard deviations depend on the state.

Symbols: discount = gamma, temperature = 1 / lambda, target_update_rate = tau.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.actor_critic import ActorCritic
from stages.algorithms.advantage_weights import advantage_weights, weighted_cloning
from stages.algorithms.transition_rows import RewardScale, transition_rows
from stages.algorithms.twin_critics import TwinCritics, pairs_of
from stages.networks.action_heads import bounded_gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.job import Job
from stages.training.learner import Losses, Update
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class AwacSettings(Settings):
    """AWAC; defaults are the published ones."""

    num_steps: int = Field(1_000_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    temperature: float = Field(3.0, ge=0, description="1 / lambda: how sharply cloning prefers better actions")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    reward_scale: RewardScale = Field("plain", description="unit of rewards: deviation or range of returns, or plain")
    hidden_sizes: Widths = Field((256, 256, 256), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


@ALGORITHMS.register("awac", AwacSettings)
class Awac(ActorCritic):
    """Learner of actor and twin critics; actions are normalised to [-1, 1]."""

    squashed = False
    head = "bounded_gaussian"
    settings: AwacSettings

    def __init__(self, job: Job, settings: AwacSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount, settings.reward_scale)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.learning_rate, job.seeds
        self.policy = Ensemble((observation, *inner, 2 * action), len(seeds))
        self.actor = Trainable(self.policy, generators(seeds, "awac actor"), rate, job.device)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "awac critics"), rate, job.device)
        self.noise = {"target_noise": action, "actor_noise": action}
        self.updates = [Update(self.fit_critics), Update(self.fit_actor), Update(self.move_targets)]

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the smaller value of an action that the policy would take next."""
        with torch.no_grad():
            pairs = self.sampled_pairs(batch["next_observations"], batch["target_noise"])
            values = self.critics.smaller_target(pairs)
        return self.critics.fit(batch, batch["rewards"] + batch["discounts"] * values)

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        weights = advantage_weights(self.advantages(batch), self.settings.temperature)
        loss = weighted_cloning(self.actor(batch["observations"]), batch["actions"], weights)
        self.actor.minimise(loss)
        return {"actor": loss}

    @torch.no_grad()
    def advantages(self, batch: Batch) -> Tensor:
        """``A(s, a)``, ``[seeds, 1, batch, 1]``."""
        sampled = self.sampled_pairs(batch["observations"], batch["actor_noise"])
        recorded, expected = (self.critics(pairs).amin(1, keepdim=True) for pairs in (pairs_of(batch), sampled))
        return recorded - expected

    def sampled_pairs(self, observations: Tensor, noise: Tensor) -> Tensor:
        """Observations beside actions of the policy, ``[seeds, 1, batch, pair]``."""
        return torch.cat([observations, bounded_gaussian(self.actor(observations), noise)], dim=-1)
