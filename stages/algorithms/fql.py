"""FQL: a flow clones the data, however many modes they have, and a policy of one step is held to it while it climbs.

Objectives: critics ``[Q_i(s, a) - (r + gamma mean_j Qbar_j(s', mu(s', z')))]^2``;
            flow ``||v(s, x_t, t) - (a - z)||^2``, ``x_t = (1 - t) z + t a``, t uniform in [0, 1];
            policy ``- lambda mean_i Q_i(s, mu(s, z)) + alpha ||mu(s, z) - mu_flow(s, z)||^2``, mu_flow(s, z) what
            `flow_steps` Euler steps of v make of z; z, z' ~ N(0, I).
Source:     Park, Li, Levine: Flow Q-Learning, ICML 2025, Eqs. 6-8; settings as in the authors' code.

Deviations: ``lambda = 1 / mean |mean_i Q_i|``, a switch in the authors' code, is on, so that one alpha serves all
            rewards; there alpha is tuned per task. ReLU instead of GELU; observations are standardised.

Symbols: behaviour_weight = alpha, discount = gamma, target_update_rate = tau.

The policy needs a z for every action; asked for its mean action, it acts by z = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.agents.contract import Agent
from stages.agents.latent import LatentAgent
from stages.algorithms import ALGORITHMS
from stages.algorithms.actor_critic import ActorCritic
from stages.algorithms.transition_rows import RewardScale, transition_rows
from stages.algorithms.twin_critics import TwinCritics
from stages.artifacts import Artifact
from stages.networks.ensemble import Ensemble
from stages.networks.flow import euler, flow_loss
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.job import Job
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class FqlSettings(Settings):
    """FQL; defaults are the published ones."""

    num_steps: int = Field(1_000_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    behaviour_weight: float = Field(10.0, ge=0, description="alpha: weight of the flow against the critic")
    flow_steps: int = Field(10, ge=1, description="Euler steps of the flow")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    reward_scale: RewardScale = Field("plain", description="unit of rewards: deviation or range of returns, or plain")
    hidden_sizes: Widths = Field((512, 512, 512, 512), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


@ALGORITHMS.register("fql", FqlSettings)
class Fql(ActorCritic):
    """Learner of flow, policy and twin critics; actions are normalised to [-1, 1]."""

    squashed = False
    settings: FqlSettings

    def __init__(self, job: Job, settings: FqlSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount, settings.reward_scale)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.learning_rate, job.seeds
        self.policy = Ensemble((observation + action, *inner, action), len(seeds))
        self.actor = Trainable(self.policy, generators(seeds, "fql actor"), rate, job.device)
        flow = Ensemble((observation + action + 1, *inner, action), len(seeds))
        self.flow = Trainable(flow, generators(seeds, "fql flow"), rate, job.device)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "fql critics"), rate, job.device, layer_norm=True)
        self.noise = {"target_noise": action, "flow_noise": action, "actor_noise": action, "time_noise": 1}
        steps = self.fit_critics, self.fit_flow, self.fit_actor, self.move_targets
        self.updates = [Update(step) for step in steps]

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the mean value of an action that the policy would take next."""
        following = batch["next_observations"]
        with torch.no_grad():
            actions = self.actor(torch.cat([following, batch["target_noise"]], dim=-1)).clamp(-1, 1)
            values = self.critics.target(torch.cat([following, actions], dim=-1)).mean(1, keepdim=True)
        return self.critics.fit(batch, batch["rewards"] + batch["discounts"] * values)

    def fit_flow(self, batch: Batch) -> Losses:
        """One step of the cloned flow."""
        times = torch.special.ndtr(batch["time_noise"])
        velocity = self.velocity_at(batch["observations"])
        loss = flow_loss(velocity, batch["flow_noise"], batch["actions"], times).mean((1, 2))
        self.flow.minimise(loss)
        return {"flow": loss}

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the policy."""
        observations, noise = batch["observations"], batch["actor_noise"]
        with torch.no_grad():
            cloned = euler(self.velocity_at(observations), noise, self.settings.flow_steps).clamp(-1, 1)
        actions = self.actor(torch.cat([observations, noise], dim=-1))
        distance = (actions - cloned).square().mean((1, 2, 3))
        values = self.critics.held(torch.cat([observations, actions.clamp(-1, 1)], dim=-1)).mean(1)
        weight = 1 / values.detach().abs().mean((1, 2))
        loss = self.settings.behaviour_weight * distance - weight * values.mean((1, 2))
        self.actor.minimise(loss)
        return {"actor": loss, "distance": distance}

    def velocity_at(self, observations: Tensor) -> Callable[[Tensor, Tensor], Float[Tensor, "seeds 1 batch action"]]:
        """``v(s, x, t)`` as a function of x and t."""
        return lambda points, times: self.flow(torch.cat([observations, points, times], dim=-1))

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | state_of(flow=self.flow)

    def facts(self) -> dict[str, Any]:
        return super().facts() | {"method": "fql"}

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        return LatentAgent.load(artifact)
