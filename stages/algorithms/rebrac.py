"""ReBRAC: TD3+BC with a penalty in the critic too, normalised layers, and the two weighed apart.

Objectives: critics ``[Q_i(s, a) - (r + gamma (min_j Qbar_j(s', a~) - b_2 ||a~ - a'||^2))]^2``, a' the action on record,
            ``a~ = pibar(s') + clipped noise``;
            actor ``b_1 ||pi(s) - a||^2 - lambda min_i Q_i(s, pi(s))``, ``lambda = 1 / mean |min_i Q_i|``, every second
            step.
Source:     Tarasov, Kurenkov, Nikulin, Kolesnikov: Revisiting the Minimalist Approach to Offline Reinforcement
            Learning, NeurIPS 2023, Section 3; settings as in CORL.

Deviations: observations are standardised, actions scaled to the dataset's box; layer norms have no scale and shift.
            The last step of a truncated episode, after which no action is on record, is left out.

Symbols: actor_weight = b_1, critic_weight = b_2 (published by dataset), discount = gamma, target_update_rate = tau.
"""

from __future__ import annotations

import torch
from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.actor_critic import DelayedActorCritic
from stages.algorithms.transition_rows import RewardScale, transition_rows
from stages.algorithms.twin_critics import TwinCritics
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.job import Job
from stages.training.learner import Losses
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class RebracSettings(Settings):
    """ReBRAC; defaults are the published ones."""

    num_steps: int = Field(1_000_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    actor_weight: float = Field(0.01, ge=0, description="b_1: weight of cloning against the critic")
    critic_weight: float = Field(0.01, ge=0, description="b_2: what unlike next actions cost, in units of the return")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    noise_std: float = Field(0.2, ge=0, description="target policy noise")
    noise_clip: float = Field(0.5, ge=0, description="clipping of the target policy noise")
    actor_every: int = Field(2, ge=1, description="steps between updates of actor and targets")
    reward_scale: RewardScale = Field("plain", description="unit of rewards: deviation or range of returns, or plain")
    hidden_sizes: Widths = Field((256, 256, 256), description="hidden layer widths")
    batch_size: int = Field(1024, ge=1, description="rows per gradient step")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size")


@ALGORITHMS.register("rebrac", RebracSettings)
class Rebrac(DelayedActorCritic):
    """Learner of actor and twin critics; actions are normalised to [-1, 1]."""

    settings: RebracSettings

    def __init__(self, job: Job, settings: RebracSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount, settings.reward_scale, next_actions=True)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.learning_rate, job.seeds
        self.policy = Ensemble((observation, *inner, action), len(seeds))
        self.actor = Trainable(self.policy, generators(seeds, "rebrac actor"), rate, job.device, target=True)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "rebrac critics"), rate, job.device, layer_norm=True)
        self.noise = {"target_noise": action}
        self.updates = self.delayed()

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the smoothed target action's smaller value, less its distance to the data."""
        with torch.no_grad():
            actions = self.target_actions(batch)
            distance = (actions - batch["next_actions"]).square().sum(-1, keepdim=True)
            values = self.critics.smaller_target(torch.cat([batch["next_observations"], actions], dim=-1))
            values = values - self.settings.critic_weight * distance
        return self.critics.fit(batch, batch["rewards"] + batch["discounts"] * values)

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        actions = torch.tanh(self.actor(batch["observations"]))
        values = self.critics.held(torch.cat([batch["observations"], actions], dim=-1)).amin(1)
        weight = 1 / values.detach().abs().mean((1, 2))
        cloning = (self.cloning_weights(batch) * (actions - batch["actions"]).square()).sum(-1).mean((1, 2))
        loss = self.settings.actor_weight * cloning - weight * values.mean((1, 2))
        self.actor.minimise(loss)
        return {"actor": loss, "cloning": cloning}

    def cloning_weights(self, batch: Batch) -> Tensor:
        """How much each row counts in cloning, ``[seeds, 1, batch, 1]`` or what broadcasts to it."""
        return torch.ones((), device=batch["actions"].device)
