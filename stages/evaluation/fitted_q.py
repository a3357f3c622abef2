"""Fitted Q evaluation: what a policy would earn from each start, from recorded steps alone.

Objective: ``[Q_i(s, a) - (r + gamma E Qbar_i(s', a'))]^2``, a' ~ pi(. | s'), for each of some networks i by itself;
           ``Qbar <- (1 - tau) Qbar + tau Q`` at every step; value of a start ``mean_i E Qbar_i(s, a)``, a ~ pi(. | s).
Source:    Le, Voloshin, Yue: Batch Policy Learning under Constraints, ICML 2019, Algorithm 3; the shape with target
           copies is that of Paine et al.: Hyperparameter Selection for Offline Reinforcement Learning, 2020.

Deviations: values are learnt in units of the standard deviation of the data's returns, and start at their mean, since
            bootstrapping carries a level but slowly. Targets are kept within what the data's rewards could sum to,
            so that values of actions far from the data cannot run away. The averaged networks are what is read off.

Symbols: discount = gamma, target_update_rate = tau, num_networks = how many i there are.

A terminal step has nothing after it. The last step of an episode that was cut off bootstraps from the observation that
followed it, like any other. Actions at next states are worked out once, before training: the mean action, or a fixed
sample of some.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.datasets.transitions import returns_to_go
from stages.evaluation.estimate_settings import FittedQSettings
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.seedwise_rows import SeedwiseRows
from stages.training.trainable import Trainable

AT_ONCE = 4096  # rows of each seed whose values are read off together
SMALLEST_SCALE = 1e-6  # of returns that are all equal


class FittedQ(Learner):
    """Learner of Q, for one policy per seed.

    Args:
        job: The dataset and the seeds.
        following: Normalised actions of each seed's policy at every step's next observation.
        settings: How to learn.

    Attributes:
        scale: What counts as a value of 1, in the units of the rewards.
    """

    def __init__(
        self, job: Job, following: Float[Tensor, "seeds steps samples action"], settings: FittedQSettings
    ) -> None:
        self.job, self.settings, self.num_samples = job, settings, following.shape[2]
        returns = returns_to_go(job.dataset, settings.discount)
        self.scale = max(float(returns.std()), SMALLEST_SCALE)
        rewards = job.dataset.rewards / self.scale
        self.lowest = min(0.0, float(rewards.min())) / (1 - settings.discount)
        self.highest = max(0.0, float(rewards.max())) / (1 - settings.discount)
        going = 1 - torch.from_numpy(job.dataset.terminations).float()
        columns = {
            "pairs": torch.cat([job.observations, job.actions], dim=1),
            "rewards": torch.from_numpy(rewards),
            "discounts": settings.discount * going,
            "next_observations": job.next_observations,
        }
        self.rows = SeedwiseRows(Rows(columns, job.device), {"next_actions": following.flatten(2)})
        width = job.observations.shape[1] + job.actions.shape[1]
        ensemble = Ensemble((width, *settings.hidden_sizes, 1), len(job.seeds), settings.num_networks)
        self.q = Trainable(ensemble, generators(job.seeds, "fitted q"), settings.learning_rate, job.device, target=True)
        self._start_at(float(returns.mean()) / self.scale)
        self.updates = [Update(self.fit), Update(self.move_target)]

    def fit(self, batch: Batch) -> Losses:
        """One step of every network towards its own target."""
        actions = batch["next_actions"].unflatten(-1, (self.num_samples, -1))
        values = self.expected(batch["next_observations"], actions)
        target = (batch["rewards"] + batch["discounts"] * values).clamp(self.lowest, self.highest)
        return {"fitted_q": self.q.regress(batch["pairs"], target)}

    def move_target(self, batch: Batch) -> Losses:
        """Polyak averaging."""
        self.q.move_target(self.settings.target_update_rate)
        return {}

    def expected(
        self,
        observations: Float[Tensor, "seeds 1 batch observation"],
        actions: Float[Tensor, "seeds 1 batch samples action"],
    ) -> Float[Tensor, "seeds networks batch 1"]:
        """The averaged networks' values of states, mean over the policy's actions there."""
        states = observations[:, :, :, None].expand(*actions.shape[:-1], -1)
        values = self.q.target(torch.cat([states, actions], dim=-1).flatten(2, 3))
        return values.unflatten(2, actions.shape[2:4]).mean(3)

    @torch.no_grad()
    def values_of_states(
        self, observations: Float[Tensor, "rows observation"], actions: Float[Tensor, "seeds rows samples action"]
    ) -> Float[np.ndarray, "seeds networks rows"]:
        """Values of normalised states under each seed's actions there, in the units of the rewards."""
        parts = [
            self.expected(states.expand(len(acted), 1, -1, -1), acted[:, None])
            for states, acted in zip(self._split(observations, 0), self._split(actions, 1), strict=True)
        ]
        return self._read(parts)

    @torch.no_grad()
    def values_of_steps(self) -> Float[np.ndarray, "seeds networks steps"]:
        """Values of the recorded actions at the recorded states, in the units of the rewards."""
        pairs = torch.cat([self.job.observations, self.job.actions], dim=1)
        parts = [self.q.target(some.expand(len(self.job.seeds), 1, -1, -1)) for some in self._split(pairs, 0)]
        return self._read(parts)

    def tensors(self) -> dict[str, Tensor]:
        return self.q.tensors()

    @torch.no_grad()
    def _start_at(self, level: float) -> None:
        """Let all values be about `level`, a network's unit being `scale`."""
        self.q.ensemble.views(self.q.parameters.detach())[-1].add_(level)
        self.q.move_target(1.0)

    def _split(self, values: Tensor, axis: int) -> list[Tensor]:
        return [part.to(self.job.device) for part in values.split(AT_ONCE, dim=axis)]

    def _read(self, parts: list[Tensor]) -> np.ndarray:
        return self.scale * torch.cat(parts, dim=2)[..., 0].double().cpu().numpy()
