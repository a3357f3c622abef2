"""Onestep RL: one step of improvement on the values of the behaviour itself, which nothing unseen can spoil.

Objectives: critics ``[Q_i(s, a) - (r + gamma min_j Qbar_j(s', a'))]^2``, a' the action on record;
            behaviour ``- log beta(a | s)``;
            actor ``- min(exp(T u), 100) log pi(a | s)``, ``u = min_i Q_i(s, a) - V(s)``, V the mean of ``min_i Q_i``
            over actions sampled from beta.
Source:     Brandfonbrener, Whitney, Ranganath, Bruna: Offline RL Without Off-Policy Evaluation, NeurIPS 2021,
            Sections 3 and 4.2 (exponentially weighted imitation); temperature and rates as in the authors' code.

Deviations: behaviour, critics and actor learn side by side instead of one after the other. Twin critics instead of one.
            Densities are Gaussian with bounded means instead of truncated. The last step of a truncated episode, after
            which no action is on record, is left out. The authors have width 1024 and many more steps.

Symbols: discount = gamma, temperature = T, target_update_rate = tau.
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
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class OnestepSettings(Settings):
    """Onestep RL; defaults are the published ones but for the network size and the number of steps."""

    num_steps: int = Field(1_000_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    temperature: float = Field(0.01, ge=0, description="T: how sharply cloning prefers better actions")
    num_sampled_actions: int = Field(10, ge=1, description="actions of the behaviour that V is the mean over")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    target_every: int = Field(2, ge=1, description="steps between updates of the targets")
    reward_scale: RewardScale = Field("plain", description="unit of rewards: deviation or range of returns, or plain")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(512, ge=1, description="rows per gradient step")
    learning_rate: float = Field(1.0e-4, gt=0, description="Adam step size")


@ALGORITHMS.register("onestep", OnestepSettings)
class Onestep(ActorCritic):
    """Learner of behaviour, its twin critics, and the actor; actions are normalised to [-1, 1]."""

    squashed = False
    head = "bounded_gaussian"
    settings: OnestepSettings

    def __init__(self, job: Job, settings: OnestepSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount, settings.reward_scale, next_actions=True)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.learning_rate, job.seeds
        self.policy = Ensemble((observation, *inner, 2 * action), len(seeds))
        self.actor = Trainable(self.policy, generators(seeds, "onestep actor"), rate, job.device)
        self.behaviour = Trainable(self.policy, generators(seeds, "onestep behaviour"), rate, job.device)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "onestep critics"), rate, job.device)
        self.noise = {"sampled_noise": settings.num_sampled_actions * action}
        self.updates = [
            Update(self.fit_behaviour),
            Update(self.fit_critics),
            Update(self.fit_actor),
            Update(self.move_targets, every=settings.target_every),
        ]

    def fit_behaviour(self, batch: Batch) -> Losses:
        """One step of the cloned behaviour."""
        evenly = torch.ones_like(batch["rewards"])
        loss = weighted_cloning(self.behaviour(batch["observations"]), batch["actions"], evenly)
        self.behaviour.minimise(loss)
        return {"behaviour": loss}

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the smaller value of the action that was taken next."""
        following = torch.cat([batch["next_observations"], batch["next_actions"]], dim=-1)
        values = self.critics.smaller_target(following)
        return self.critics.fit(batch, batch["rewards"] + batch["discounts"] * values)

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        weights = advantage_weights(self.advantages(batch), self.settings.temperature)
        loss = weighted_cloning(self.actor(batch["observations"]), batch["actions"], weights)
        self.actor.minimise(loss)
        return {"actor": loss}

    @torch.no_grad()
    def advantages(self, batch: Batch) -> Tensor:
        """``u``, ``[seeds, 1, batch, 1]``."""
        count = self.settings.num_sampled_actions
        states = batch["observations"].repeat_interleave(count, dim=2)
        noise = batch["sampled_noise"].unflatten(-1, (count, -1)).flatten(2, 3)
        actions = bounded_gaussian(self.behaviour(batch["observations"]).repeat_interleave(count, dim=2), noise)
        sampled = self.critics(torch.cat([states, actions], dim=-1)).amin(1, keepdim=True)
        expected = sampled.unflatten(2, (-1, count)).mean(3)
        return self.critics(pairs_of(batch)).amin(1, keepdim=True) - expected

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | state_of(behaviour=self.behaviour)
