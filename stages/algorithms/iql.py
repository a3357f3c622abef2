"""IQL: values of the data's better actions by expectiles, so that no other action is ever valued.

Objectives: values ``|tau - 1(u < 0)| u^2``, ``u = min_j Qbar_j(s, a) - V(s)``;
            critics ``[Q_i(s, a) - (r + gamma V(s'))]^2``;
            actor ``- min(exp(beta u), 100) log pi(a | s)``.
Source:     Kostrikov, Nair, Levine: Offline Reinforcement Learning with Implicit Q-Learning, ICLR 2022, Eqs. 5-7;
            settings as in the authors' code.

Deviations: observations are standardised, and standard deviations depend on the state.

Symbols: discount = gamma, expectile = tau, temperature = beta, target_update_rate = share of the targets' averaging.

The actor's step size falls along half a cosine over `num_steps`, as published.
"""

from __future__ import annotations

import math

import torch
from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.actor_critic import ActorCritic
from stages.algorithms.advantage_weights import advantage_weights, weighted_cloning
from stages.algorithms.transition_rows import RewardScale, transition_rows
from stages.algorithms.twin_critics import TwinCritics, pairs_of
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.expectile import expectile_loss
from stages.training.job import Job
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.seedwise_adam import Schedule
from stages.training.trainable import Trainable


class IqlSettings(Settings):
    """IQL; defaults are the published ones for locomotion."""

    num_steps: int = Field(1_000_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    expectile: float = Field(0.7, gt=0, lt=1, description="expectile tau of the value of a state")
    temperature: float = Field(3.0, ge=0, description="beta: how sharply cloning prefers better actions")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate")
    reward_scale: RewardScale = Field("range", description="unit of rewards: deviation or range of returns, or plain")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size, the actor's at first")


@ALGORITHMS.register("iql", IqlSettings)
class Iql(ActorCritic):
    """Learner of actor, twin critics and values of states; actions are normalised to [-1, 1]."""

    squashed = False
    head = "bounded_gaussian"
    settings: IqlSettings

    def __init__(self, job: Job, settings: IqlSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount, settings.reward_scale)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.learning_rate, job.seeds
        self.policy = Ensemble((observation, *inner, 2 * action), len(seeds))
        schedule = half_cosine(settings.num_steps)
        self.actor = Trainable(self.policy, generators(seeds, "iql actor"), rate, job.device, schedule=schedule)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "iql critics"), rate, job.device)
        values = Ensemble((observation, *inner, 1), len(seeds))
        self.values = Trainable(values, generators(seeds, "iql values"), rate, job.device)
        self.noise = {}
        steps = self.fit_values, self.fit_actor, self.fit_critics, self.move_targets
        self.updates = [Update(step) for step in steps]

    def fit_values(self, batch: Batch) -> Losses:
        """One step of the values of states."""
        loss = expectile_loss(self.advantages(batch), self.settings.expectile).mean((1, 2, 3))
        self.values.minimise(loss)
        return {"value": loss}

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        with torch.no_grad():
            weights = advantage_weights(self.advantages(batch), self.settings.temperature)
        loss = weighted_cloning(self.actor(batch["observations"]), batch["actions"], weights)
        self.actor.minimise(loss)
        return {"actor": loss}

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the value of what comes next."""
        with torch.no_grad():
            values = self.values(batch["next_observations"])
        return self.critics.fit(batch, batch["rewards"] + batch["discounts"] * values)

    def advantages(self, batch: Batch) -> Tensor:
        """``min_j Qbar_j(s, a) - V(s)`` with gradients to V alone, ``[seeds, 1, batch, 1]``."""
        return self.critics.smaller_target(pairs_of(batch)) - self.values(batch["observations"])

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | state_of(values=self.values)


def half_cosine(num_steps: int) -> Schedule:
    """A step size that falls to 0 at `num_steps`, slowly at first and at last."""
    return lambda step: 0.5 * (1 + torch.cos(math.pi * (step / max(num_steps, 1)).clamp(max=1)))
