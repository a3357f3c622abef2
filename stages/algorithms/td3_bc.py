"""TD3+BC: a deterministic policy that maximises a twin critic and stays near the data.

Objectives: critics ``[Q_i(s, a) - (r + gamma min_j Qbar_j(s', pibar(s') + clipped noise))]^2``;
            actor ``- lambda Q_1(s, pi(s)) + (pi(s) - a)^2`` with ``lambda = alpha / mean |Q_1|``, every second step.
Source:     Fujimoto, Gu: A Minimalist Approach to Offline Reinforcement Learning, NeurIPS 2021, Eqs. 3-5.

Deviations: rewards are divided by the standard deviation of the dataset's discounted returns, see `transition_rows`;
            lambda makes the actor insensitive to that.

Symbols: discount = gamma, behaviour_weight = alpha, target_update_rate = tau, noise_std and noise_clip in units of the
         largest action.
"""

from __future__ import annotations

import torch
from pydantic import Field

from stages.algorithms import ALGORITHMS
from stages.algorithms.actor_critic import DelayedActorCritic
from stages.algorithms.transition_rows import transition_rows
from stages.algorithms.twin_critics import TwinCritics
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.job import Job
from stages.training.learner import Losses
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class Td3BcSettings(Settings):
    """TD3+BC; defaults are the published ones except for the network size."""

    num_steps: int = Field(100_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    behaviour_weight: float = Field(2.5, gt=0, description="alpha: weight of the critic against cloning")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    noise_std: float = Field(0.2, ge=0, description="target policy noise")
    noise_clip: float = Field(0.5, ge=0, description="clipping of the target policy noise")
    actor_every: int = Field(2, ge=1, description="steps between updates of actor and targets")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


@ALGORITHMS.register("td3_bc", Td3BcSettings)
class Td3Bc(DelayedActorCritic):
    """Learner of actor and twin critics; actions are normalised to [-1, 1]."""

    settings: Td3BcSettings

    def __init__(self, job: Job, settings: Td3BcSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.learning_rate, job.seeds
        self.policy = Ensemble((observation, *inner, action), len(seeds))
        self.actor = Trainable(self.policy, generators(seeds, "td3_bc actor"), rate, job.device, target=True)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "td3_bc critics"), rate, job.device)
        self.noise = {"target_noise": action}
        self.updates = self.delayed()

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the smoothed target action's smaller value."""
        with torch.no_grad():
            pairs = torch.cat([batch["next_observations"], self.target_actions(batch)], dim=-1)
            values = self.critics.smaller_target(pairs)
        return self.critics.fit(batch, batch["rewards"] + batch["discounts"] * values)

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        actions = torch.tanh(self.actor(batch["observations"]))
        values = self.critics.first(torch.cat([batch["observations"], actions], dim=-1))
        weight = self.settings.behaviour_weight / values.detach().abs().mean((1, 2, 3))
        cloning = (actions - batch["actions"]).square().mean((1, 2, 3))
        loss = cloning - weight * values.mean((1, 2, 3))
        self.actor.minimise(loss)
        return {"actor": loss, "cloning": cloning}
