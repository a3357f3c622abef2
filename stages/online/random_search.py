"""Augmented random search over linear policies, with a limit on the cost that moves while it learns (ARS, V2).

Objective: F(W) = return - alive_bonus length - cost_penalty max(0, cost - limit length), over one episode of
               a = W^T (s - mean) / std, mean and std of all observations so far;
           W <- W + alpha / (b sigma) sum_k (F(W + nu d_k) - F(W - nu d_k)) d_k, the sum being over those b of N
               standard normal directions d_k with the largest max(F(W + nu d_k), F(W - nu d_k)), and sigma the standard
               deviation of these 2 b values of F.
Source:    Mania, Guy and Recht, Simple random search of static linear policies, 2018, Algorithm 2 (V2). The moving
           limit follows Liu et al., DSRL, 2023, whose data are the episodes of constrained learners with such a limit.

Deviations: a limit on costs, which ARS does not have, per step lived, so that falling early is no way to keep to it;
           `alive_bonus` may be any number (V2-t takes the task's own off).

The limit goes through `cost_limits` at equal distances of the training, linearly from one to the next; so one run
sweeps the trade-off between return and cost, and the policies along the way are kept. All directions of an iteration
are tried side by side. Kept policies are Gaussians around the learnt actions; the normalisation is in their weights.

Symbols: step_size = alpha, exploration = nu, num_directions = N, num_best = b.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor

from stages.environments.base import VectorEnvironment
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.online import LEARNERS
from stages.online.actors import Actors
from stages.online.linear_policies import Outcome, RunningMoments, on_raw_observations, try_out
from stages.online.training import OnlineJob
from stages.seeding import generator
from stages.settings import Settings
from stages.training.checkpoint import Checkpoint
from stages.training.metrics import Metrics

MIN_SPREAD = 1e-8
PER_STEPS = 1000


class RandomSearchSettings(Settings):
    """Augmented random search."""

    num_steps: int = Field(3_000_000, ge=1, description="steps in the environment; the last iteration is complete")
    num_directions: int = Field(8, ge=1, description="directions per iteration, each tried both ways")
    num_best: int = Field(4, ge=1, description="directions that the update uses")
    step_size: float = Field(0.02, gt=0, description="step size of the update")
    exploration: float = Field(0.03, gt=0, description="size of the perturbations of the weights")
    alive_bonus: float = Field(0.0, ge=0, description="taken off every reward while learning, for robots that may fall")
    cost_limits: list[float] = Field(
        [500.0, 300.0, 200.0, 100.0, 50.0, 20.0, 0.0],
        min_length=1,
        description="costs allowed per 1000 steps, from first to last",
    )
    cost_penalty: float = Field(3.0, ge=0, description="what a unit of cost above the limit takes off the return")
    num_snapshots: int = Field(40, ge=1, description="policies kept along the way, at equal distances")
    action_noise: float = Field(0.1, gt=0, lt=1, description="standard deviation of the kept policies' actions")

    @model_validator(mode="after")
    def _fits(self) -> RandomSearchSettings:
        if self.num_best > self.num_directions:
            raise ValueError(f"num_best is {self.num_best}, more than the {self.num_directions} directions tried")
        if min(self.cost_limits) < 0:
            raise ValueError(f"the cost limit {min(self.cost_limits):g} is negative")
        return self

    def cost_limit(self, share: float) -> float:
        """The limit, per 1000 steps, after that share of the training."""
        return float(np.interp(share, np.linspace(0, 1, len(self.cost_limits)), self.cost_limits))


class RandomSearch:
    """The policy being learnt, what it has observed, and the policies kept so far."""

    def __init__(self, environment: VectorEnvironment, settings: RandomSearchSettings, seed: int) -> None:
        self.environment, self.settings, self.seed = environment, settings, seed
        observation, action = environment.observation_size, environment.action_size
        self.weights = np.zeros((observation, action))
        self.moments = RunningMoments(observation)
        self.counts = np.zeros(3, dtype=np.int64)  # steps, iterations, snapshots
        self.snapshots = np.zeros((settings.num_snapshots, observation + 1, action))
        self.snapshot_steps = np.zeros(settings.num_snapshots, dtype=np.int64)

    @property
    def num_steps(self) -> int:
        """Steps in the environment so far."""
        return int(self.counts[0])

    def iterate(self) -> Outcome:
        """Try all directions both ways, move, and keep the policy if it is time to; what the attempts came to."""
        settings = self.settings
        random = generator(self.seed, "random search", int(self.counts[1]))
        directions = random.standard_normal((settings.num_directions, *self.weights.shape))
        tried = self.weights + settings.exploration * np.concatenate([directions, -directions])
        raw = on_raw_observations(tried, self.moments)
        outcome = try_out(self.environment, raw, self.moments, random)
        values = self._values(outcome).reshape(2, -1)
        best = np.argsort(-values.max(0), kind="stable")[: settings.num_best]
        forth, back = values[:, best]
        scale = settings.step_size / (settings.num_best * max(float(values[:, best].std()), MIN_SPREAD))
        self.weights += scale * np.einsum("d,doa->oa", forth - back, directions[best])
        self.counts[:2] += int(outcome.lengths.sum()), 1
        self._keep()
        return outcome

    def tensors(self) -> dict[str, Tensor]:
        """All state, for checkpoints."""
        arrays = {
            "weights": self.weights,
            "moments": self.moments.sums,
            "counts": self.counts,
            "snapshots": self.snapshots,
            "snapshot_steps": self.snapshot_steps,
        }
        return {name: torch.from_numpy(array) for name, array in arrays.items()}

    def _values(self, outcome: Outcome) -> Float[np.ndarray, "policies"]:
        share = min(self.num_steps / self.settings.num_steps, 1.0)
        allowed = self.settings.cost_limit(share) * outcome.lengths / PER_STEPS
        excess = np.maximum(outcome.costs - allowed, 0.0)
        bonus = self.settings.alive_bonus * outcome.lengths
        return np.asarray(outcome.returns - bonus - self.settings.cost_penalty * excess)

    def _keep(self) -> None:
        position, num_snapshots = int(self.counts[2]), self.settings.num_snapshots
        if self.num_steps * num_snapshots >= (position + 1) * self.settings.num_steps:
            self.snapshots[position] = on_raw_observations(self.weights, self.moments)
            self.snapshot_steps[position] = self.num_steps
            self.counts[2] += 1


@LEARNERS.register("random_search", RandomSearchSettings)
def train(job: OnlineJob, settings: RandomSearchSettings) -> list[Actors]:
    """Search until there have been `num_steps` steps; the policies kept along the way, the last one last.

    Raises:
        UserError: Actions are not vectors.
    """
    environment = job.make()
    if environment.num_actions is not None:
        raise UserError("actions are not vectors", place=job.environment, remedy="Choose another learner or task")
    search = RandomSearch(environment, settings, job.seed)
    label = "random search"
    checkpoint = Checkpoint(label, job.output, job.fingerprint, every_seconds=300.0) if job.output else None
    nothing = Metrics()
    if checkpoint is not None:
        checkpoint.resume(search, nothing)
    with job.progress(label, settings.num_steps) as progress:
        while search.num_steps < settings.num_steps or search.counts[2] < settings.num_snapshots:
            search.iterate()
            progress.advance_to(min(search.num_steps, settings.num_steps))
            if checkpoint is not None:
                checkpoint.save_if_due(search, nothing, search.num_steps)
    environment.close()
    return [
        gaussian_policy(f"step {steps}", weights, settings.action_noise)
        for steps, weights in zip(search.snapshot_steps, search.snapshots, strict=True)
    ]


def gaussian_policy(name: str, weights: Float[np.ndarray, "observation_and_1 action"], action_noise: float) -> Actors:
    """A linear policy with a constant standard deviation, as the network ``s -> (mean, log std)``."""
    observation, action = len(weights) - 1, weights.shape[1]
    ensemble = Ensemble((observation, 2 * action))
    parameters = torch.zeros(ensemble.num_parameters)
    matrix, bias = ensemble.views(parameters)
    matrix[0, :, :action] = torch.from_numpy(weights[:-1])
    bias[0, 0, :action] = torch.from_numpy(weights[-1])
    bias[0, 0, action:] = math.log(action_noise)
    return Actors((name,), ensemble, parameters, torch.zeros(1, observation), torch.ones(1, observation), False)
