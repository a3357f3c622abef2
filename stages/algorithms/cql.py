"""CQL: soft actor-critic whose critics are lowered wherever the data do not hold them up.

Objectives: critics ``[Q_i(s, a) - (r + gamma min_j Qbar_j(s', a'))]^2 + w (log int exp Q_i(s, .) - Q_i(s, a))``,
            a' ~ pi(s'), the integral over the box by importance sampling from uniform actions, pi(s) and pi(s');
            actor ``alpha log pi(a~ | s) - min_i Q_i(s, a~)``, a~ ~ pi(s);
            temperature ``- log alpha (log pi(a~ | s) + H)``, the target entropy H = - (number of action coordinates).
Source:     Kumar, Zhou, Tucker, Levine: Conservative Q-Learning for Offline Reinforcement Learning, NeurIPS 2020, Eq. 4
            and Appendix F; settings as in CORL (no Lagrange multiplier, no warm-up by cloning, no entropy in the
            target).

Deviations: observations are standardised, actions scaled to the dataset's box, in which actions beyond the data are not
            sampled. The mean over samples is taken inside the logarithm, a constant that changes no gradient.

Symbols: conservative_weight = w, discount = gamma, target_update_rate = tau.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.actor_critic import ActorCritic
from stages.algorithms.transition_rows import RewardScale, transition_rows
from stages.algorithms.twin_critics import TwinCritics, pairs_of
from stages.networks import tanh_gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.settings import Settings, Widths
from stages.training.job import Job
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.seedwise_adam import SeedwiseAdam
from stages.training.trainable import Trainable


class CqlSettings(Settings):
    """CQL; defaults are the published ones."""

    num_steps: int = Field(1_000_000, ge=0, description="gradient steps")
    discount: float = Field(0.99, ge=0, le=1, description="discount factor gamma")
    conservative_weight: float = Field(10.0, ge=0, description="w: weight of what lowers critics off the data")
    num_sampled_actions: int = Field(10, ge=1, description="actions per row of each of the three kinds")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    reward_scale: RewardScale = Field("plain", description="unit of rewards: deviation or range of returns, or plain")
    hidden_sizes: Widths = Field((256, 256, 256), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size of the critics")
    actor_learning_rate: float = Field(3.0e-5, gt=0, description="Adam step size of actor and temperature")


@ALGORITHMS.register("cql", CqlSettings)
class Cql(ActorCritic):
    """Learner of actor, twin critics and temperature; actions are normalised to [-1, 1]."""

    squashed = False
    head = "tanh_gaussian"
    settings: CqlSettings

    def __init__(self, job: Job, settings: CqlSettings) -> None:
        super().__init__(job, settings)
        self.rows = transition_rows(job, settings.discount, settings.reward_scale)
        observation, action = job.observations.shape[1], job.actions.shape[1]
        inner, rate, seeds = settings.hidden_sizes, settings.actor_learning_rate, job.seeds
        self.policy = Ensemble((observation, *inner, 2 * action), len(seeds))
        self.actor = Trainable(self.policy, generators(seeds, "cql actor"), rate, job.device)
        pair = (observation + action, *inner)
        self.critics = TwinCritics(pair, generators(seeds, "cql critics"), settings.learning_rate, job.device)
        self.temperature = SeedwiseAdam(torch.zeros(len(seeds), 1), rate, job.device)
        sampled = settings.num_sampled_actions * action
        self.noise = {
            "target_noise": action,
            "actor_noise": action,
            **dict.fromkeys(("uniform_noise", "present_noise", "following_noise"), sampled),
        }
        steps = self.fit_critics, self.fit_actor, self.move_targets
        self.updates = [Update(step) for step in steps]

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics, towards the target and down where the data are not."""
        following = batch["next_observations"]
        with torch.no_grad():
            actions, _ = tanh_gaussian.sample_with_log_prob(self.actor(following), batch["target_noise"])
            values = self.critics.smaller_target(torch.cat([following, actions], dim=-1))
        target = batch["rewards"] + batch["discounts"] * values
        gap = (self.log_integral(batch) - self.critics(pairs_of(batch))[..., 0]).mean(2).sum(1)
        return self.critics.fit(batch, target, conservative=self.settings.conservative_weight * gap)

    def log_integral(self, batch: Batch) -> Float[Tensor, "seeds 2 batch"]:
        """``log int exp Q_i(s, a) da`` over the box, estimated from the sampled actions."""
        with torch.no_grad():
            actions, log_density = self.sampled_actions(batch)
        count = 3 * self.settings.num_sampled_actions
        states = batch["observations"].repeat_interleave(count, dim=2)
        values = self.critics(torch.cat([states, actions], dim=-1))[..., 0].unflatten(2, (-1, count))
        weighed = values - log_density.unflatten(2, (-1, count))
        return torch.logsumexp(weighed, dim=3) - math.log(count)

    def sampled_actions(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Uniform actions, those of the policy here and those it would take next, with log densities.

        Rows follow one another, each with all its samples: ``[seeds, 1, batch * samples, action]``, and without the
        last axis.
        """
        count = self.settings.num_sampled_actions
        noise = {
            name: batch[f"{name}_noise"].unflatten(-1, (count, -1)) for name in ("uniform", "present", "following")
        }
        uniform = 2 * torch.special.ndtr(noise["uniform"]) - 1
        drawn = [(uniform, torch.full(uniform.shape[:-1], -math.log(2) * uniform.shape[-1], device=uniform.device))]
        for name, states in (("present", batch["observations"]), ("following", batch["next_observations"])):
            outputs = self.actor(states)[:, :, :, None].expand(-1, -1, -1, count, -1)
            drawn.append(tanh_gaussian.sample_with_log_prob(outputs, noise[name]))
        actions, log_density = (torch.cat(kinds, dim=3) for kinds in zip(*drawn, strict=True))
        return actions.flatten(2, 3), log_density.flatten(2, 3)

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of actor and temperature."""
        observations = batch["observations"]
        actions, log_prob = tanh_gaussian.sample_with_log_prob(self.actor(observations), batch["actor_noise"])
        values = self.critics.held(torch.cat([observations, actions], dim=-1)).amin(1)[..., 0]
        log_temperature = self.temperature.parameters[:, 0]
        log_prob = log_prob[:, 0]
        loss = (log_temperature.detach().exp()[:, None] * log_prob - values).mean(1)
        self.actor.minimise(loss)
        surplus = -log_prob.detach().mean(1) + actions.shape[-1]
        self.temperature.minimise(log_temperature * surplus)
        return {"actor": loss, "temperature": log_temperature.detach().exp()}

    def tensors(self) -> dict[str, Tensor]:
        return super().tensors() | state_of(temperature=self.temperature)
