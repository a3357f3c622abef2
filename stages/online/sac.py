"""Soft actor-critic: a stochastic policy that earns much while staying as random as it can afford.

Objectives: critics ``[Q_i(s, a) - (r + gamma (min_j Qbar_j(s', a') - alpha log pi(a'|s')))]^2``, a' ~ pi(s');
            actor ``alpha log pi(a|s) - min_j Q_j(s, a)``, a ~ pi(s); temperature ``- log alpha (log pi(a|s) + H)`` with
            the target entropy H = - (number of action coordinates).
Source:     Haarnoja et al., Soft Actor-Critic Algorithms and Applications, 2018, Eqs. 5-7, 9 and 18.

Deviations: observations are normalised by their running mean and standard deviation; actor and temperature take a step
            every `actor_every` steps; there are fewer gradient steps than steps in the environment (`update_ratio`),
            since here the gradient is dear and the simulator is not.

Symbols: discount = gamma, target_update_rate = tau, squashing tanh; log pi includes the squashing's Jacobian.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.networks.tanh_gaussian import sample_with_log_prob
from stages.online import LEARNERS
from stages.online.actors import Actors
from stages.online.collector import Collector
from stages.online.training import OnlineJob, ReplayDraws, Snapshots, rounds
from stages.seeding import generator
from stages.settings import Settings, Widths
from stages.training.learner import Learner, Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.seedwise_adam import SeedwiseAdam
from stages.training.trainable import Trainable


class SacSettings(Settings):
    """Soft actor-critic."""

    num_steps: int = Field(500_000, ge=1, description="gradient steps")
    snapshot_every: int = Field(10_000, ge=1, description="gradient steps between policies that are kept")
    update_ratio: float = Field(0.5, gt=0, description="gradient steps per step in the environment")
    num_robots: int = Field(8, ge=1, description="robots that collect experience side by side")
    random_steps: int = Field(5000, ge=1, description="first steps in the environment, with uniform actions")
    capacity: int = Field(1_000_000, ge=1, description="steps that are remembered")
    discount: float = Field(0.99, ge=0, lt=1, description="discount factor gamma")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    actor_every: int = Field(2, ge=1, description="gradient steps between updates of the actor")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(128, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


class Sac(Learner):
    """Learner of actor, twin critics and temperature, for `stages.training.loop.Loop` over a collector's rows."""

    def __init__(self, collector: Collector, settings: SacSettings, seed: int, device: torch.device | str) -> None:
        self.collector, self.settings, self.device = collector, settings, device
        widths, inner, rate = collector.rows.widths, settings.hidden_sizes, settings.learning_rate
        observation, self.action_size = widths["observations"], widths["actions"]
        policy = Ensemble((observation, *inner, 2 * self.action_size))
        self.actor = Trainable(policy, [generator(seed, "sac actor")], rate, device)
        twins = Ensemble((observation + self.action_size, *inner, 1), num_members=2)
        self.critics = Trainable(twins, [generator(seed, "sac critics")], rate, device, target=True)
        self.temperature = SeedwiseAdam(torch.zeros(()), rate, device)
        self.log_temperature = self.temperature.parameters
        self.noise = {"actor_noise": self.action_size, "target_noise": self.action_size}
        every = settings.snapshot_every
        self.snapshots = Snapshots(self.actors(), every, settings.num_steps // every)
        self.updates = [
            Update(self.fit_critics),
            Update(self.fit_actor, every=settings.actor_every),
            Update(self.snapshots.keep, every=every, eager=True),
        ]

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics on the smaller soft value of the next state, then of their targets."""
        observations, following = self._seen(batch["observations"]), self._seen(batch["next_observations"])
        with torch.no_grad():
            actions, log_density = sample_with_log_prob(self.actor(following), batch["target_noise"])
            values = self.critics.target(torch.cat([following, actions], dim=-1)).amin(1, keepdim=True)
            soft = values - self.log_temperature.exp() * log_density[..., None]
            target = batch["rewards"] + self.settings.discount * batch["continues"] * soft
        loss = self.critics.regress(torch.cat([observations, batch["actions"]], dim=-1), target)
        self.critics.move_target(self.settings.target_update_rate)
        return {"critic": loss}

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor and of the temperature."""
        observations = self._seen(batch["observations"])
        actions, log_density = sample_with_log_prob(self.actor(observations), batch["actor_noise"])
        pairs = torch.cat([observations, actions], dim=-1)
        values = self.critics.ensemble(self.critics.parameters.detach(), pairs).amin(1, keepdim=True)
        loss = (self.log_temperature.detach().exp() * log_density[..., None] - values).mean((1, 2, 3))
        self.actor.minimise(loss)
        entropy = -log_density.detach().mean((1, 2))
        self.log_temperature.grad = (entropy + self.action_size).mean()
        self.temperature.apply_gradient()
        return {"actor": loss, "entropy": entropy}

    def explore(self, observations: Float[Tensor, "robots o"], noise: Float[Tensor, "robots a"]) -> Tensor:
        """Actions of the present policy."""
        return self.actors().act(observations[None].to(self.device), noise[None].to(self.device))[0].cpu()

    def actors(self) -> Actors:
        """The present policy (sharing memory with the learner)."""
        statistics = self.collector.mean[None], self.collector.std[None]
        return Actors(("sac",), self.actor.ensemble, self.actor.parameters.detach(), *statistics, squashed=True)

    def tensors(self) -> dict[str, Tensor]:
        learnt = state_of(actor=self.actor, critics=self.critics, temperature=self.temperature)
        return learnt | state_of(collector=self.collector, snapshots=self.snapshots)

    def _seen(self, observations: Tensor) -> Tensor:
        return (observations - self.collector.mean) / self.collector.std


@LEARNERS.register("sac", SacSettings)
def train(job: OnlineJob, settings: SacSettings) -> list[Actors]:
    """Snapshots of one training, in order."""
    robots = [job.make() for _ in range(settings.num_robots)]
    collector = Collector(robots, settings.capacity, job.seed, job.device)
    learner = Sac(collector, settings, job.seed, job.device)
    chunk_steps, steps_each = rounds(settings.update_ratio, settings.num_robots)
    first = -(-settings.random_steps // settings.num_robots)
    draws = ReplayDraws(collector, learner.explore, settings.batch_size, chunk_steps, steps_each, first, learner.noise)
    job.train("sac", learner, collector.rows, draws, settings.num_steps)
    for robot in robots:
        robot.close()
    return learner.snapshots.all()
