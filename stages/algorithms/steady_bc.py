"""Behaviour cloning for small data: bounded means, averaged weights, and as many steps as held-out episodes allow.

Objective: ``- log pi(a | s)`` over the episodes to train on, Gaussian with ``mean = tanh(output)``.
Source:    none for the whole; exponential averages of cloned weights: Block et al., Butterfly Effects of SGD Noise,
           ICLR 2024; the rest is the usual care.

* The mean lies in the box of the data, so that it need not be clipped when acting.
* The policy that acts has the exponential average of the weights, since the noise of the last steps is amplified along
  an episode.
* Every `check_every` steps the squared error of its mean action is measured on episodes held out, and the policy with
  the least is kept. Likelihood would mislead: it asks for steps to stop when deviations shrink, long before means have
  been learnt.

Every seed holds out episodes of its own. Training always runs for `num_steps`, so that no seed's result depends on
those trained beside it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.algorithms import ALGORITHMS
from stages.algorithms.behaviour_cloning import BehaviourCloningSettings
from stages.algorithms.contract import OfflineAlgorithm
from stages.algorithms.requirements import require_episodes_to_hold_out
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import generator, generators
from stages.training.draws import Draws
from stages.training.job import Job
from stages.training.learner import Losses, Update, state_of
from stages.training.member_draws import MemberDraws
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class SteadyBcSettings(BehaviourCloningSettings):
    """Behaviour cloning for small data."""

    num_steps: int = Field(20_000, ge=1, description="gradient steps, of which the best number is found")
    hidden_sizes: tuple[int, ...] = Field((256, 256), description="hidden layer widths")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size")
    weight_decay: float = Field(0.0, ge=0, description="decoupled weight decay")
    average_decay: float = Field(0.999, ge=0, lt=1, description="share of the averaged weights that a step keeps")
    held_out_share: float = Field(0.2, gt=0, lt=1, description="share of the episodes to stop by, at least one")
    check_every: int = Field(500, ge=1, description="steps between looks at the held-out episodes")


@ALGORITHMS.register("steady_bc", SteadyBcSettings)
class SteadyBc(OfflineAlgorithm):
    """Learner of the cloned policy."""

    squashed = False
    head = "bounded_gaussian"
    settings: SteadyBcSettings

    def __init__(self, job: Job, settings: SteadyBcSettings) -> None:
        super().__init__(job, settings)
        require_episodes_to_hold_out(job.dataset, "steady_bc")
        self.rows = Rows({"observations": job.observations, "actions": job.actions}, job.device)
        self.held_out = np.stack([held_out_episodes(s, job.dataset.num_episodes, settings) for s in job.seeds])
        observation, action = job.observations.shape[1], job.actions.shape[1]
        self.policy = Ensemble((observation, *settings.hidden_sizes, 2 * action), len(job.seeds))
        sources, decay = generators(job.seeds, "steady_bc"), settings.weight_decay
        self.actor = Trainable(
            self.policy, sources, settings.learning_rate, job.device, target=True, weight_decay=decay
        )
        self.best = Kept(self.policy, self.actor.parameters.detach().clone())
        self.held_out_index, self.counted = self._held_out_rows()
        looks = min(settings.check_every, settings.num_steps)
        self.updates = [Update(self.fit), Update(self.average), Update(self.check, every=looks, eager=True)]
        self.noise = {}

    def draws(self) -> Draws:
        """Rows of the episodes that a seed does not hold out."""
        episode = self.job.dataset.episode_of_step
        pools = {
            seed: [[np.flatnonzero(~held[episode])]] for seed, held in zip(self.job.seeds, self.held_out, strict=True)
        }
        return MemberDraws(self.job.seeds, pools, ["rows not held out"], self.settings.batch_size)

    def fit(self, batch: Batch) -> Losses:
        """One step on the negative log-likelihood."""
        outputs = gaussian.bounded(self.actor(batch["observations"]))
        loss = -gaussian.log_prob(outputs, batch["actions"]).mean((1, 2))
        self.actor.minimise(loss)
        return {"actor": loss}

    def average(self, batch: Batch) -> Losses:
        """One step of the averaged weights."""
        self.actor.move_target(1 - self.settings.average_decay)
        return {}

    def check(self, batch: Batch) -> Losses:
        """Keep the averaged policy of every seed whose held-out error is the least so far."""
        error = self.held_out_error()
        self.best.offer(self.actor.target_parameters, error)
        return {"held-out error": error}

    def held_out_error(self) -> Float[Tensor, "seeds"]:
        """Mean over held-out rows of the averaged policy's squared error, summed over action coordinates."""
        batch = self.rows.gather(self.held_out_index)
        mean, _ = gaussian.mean_and_log_std(gaussian.bounded(self.actor.target(batch["observations"])))
        error = (mean - batch["actions"]).square().sum(-1)[:, 0]
        return (error * self.counted).sum(1) / self.counted.sum(1)

    def _held_out_rows(self) -> tuple[Int[Tensor, "seeds most"], Float[Tensor, "seeds most"]]:
        """Rows that each seed holds out, filled up with row 0 to equal numbers, and which of them count."""
        rows = [np.flatnonzero(held[self.job.dataset.episode_of_step]) for held in self.held_out]
        most = max(len(chosen) for chosen in rows)
        index = np.stack([np.pad(chosen, (0, most - len(chosen))) for chosen in rows])
        counted = np.stack([np.arange(most) < len(chosen) for chosen in rows])
        device = self.job.device
        return torch.from_numpy(index).to(device), torch.from_numpy(counted).float().to(device)

    def policy_parameters(self) -> Tensor:
        return self.best.parameters

    def tensors(self) -> dict[str, Tensor]:
        return state_of(actor=self.actor, best=self.best)


class Kept:
    """The parameters of each seed with the least error so far.

    Args:
        ensemble: One network per seed.
        parameters: What is kept before anything is offered.
    """

    def __init__(self, ensemble: Ensemble, parameters: Float[Tensor, "parameters"]) -> None:
        self.ensemble, self.parameters = ensemble, parameters
        self.error = torch.full((ensemble.num_seeds,), torch.finfo(torch.float32).max, device=parameters.device)

    @torch.no_grad()
    def offer(self, parameters: Float[Tensor, "parameters"], error: Float[Tensor, "seeds"]) -> None:
        """Keep the parameters of the seeds whose error is smaller than before."""
        better = error < self.error
        self.ensemble.copy_seeds(parameters, self.parameters, better)
        self.error.copy_(torch.minimum(self.error, error))

    def tensors(self) -> dict[str, Tensor]:
        return {"parameters": self.parameters, "error": self.error}


def held_out_episodes(seed: int, num_episodes: int, settings: SteadyBcSettings) -> np.ndarray:
    """Which episodes a seed holds out, at least one, and never all."""
    count = min(max(1, round(settings.held_out_share * num_episodes)), num_episodes - 1)
    order = generator(seed, "held-out episodes").permutation(num_episodes)
    return np.isin(np.arange(num_episodes), order[:count])
