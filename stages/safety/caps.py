"""CAPS: policies between much reward and little cost from one model, switched between as the budget runs down.

Implicit Q-learning is run twice on the same data, once for the reward and once for the negated cost; from the
advantages of both, one network with several heads learns policies, the first for reward alone, the last for cost alone.
No cost limit enters; `caps_agent` chooses among the heads for whatever limit it is told.

Objectives: value    ``L_tau(min_j Qbar_j(s, a) - V(s))`` with the expectile loss L_tau,
            critics  ``[Q_i(s, a) - (u + gamma V(s'))]^2``, both for u = r and for u = -c;
            head k   ``w_k(s, a) |mu_k(s) - a|^2`` with ``w_0 = e_r``, ``w_{K-1} = e_c``, else
                     ``w_k = e_r + 2 k / (K - 1) e_c``, where ``e = min(exp(beta A), 100)``, ``A = min_j Qbar_j - V``.
Source:     Chemingui, Deshwal, Wei, Fern, Doppa: Constraint-Adaptive Policy Switching for Offline Safe Reinforcement
            Learning, AAAI 2025 (its variant on implicit Q-learning), with the settings of its repository
            ``yassineCh/CAPS``; implicit Q-learning: Kostrikov, Nair, Levine, 2022.

Deviations: heads are tanh networks fitted by squared error; the released ones are Gaussians with a constant learnt
            variance, of which only the means act. Rewards and costs are in units of the spread of their discounted
            sums, and with them beta; the released beta of 3, for a tenth of the reward and for the bare cost, is 2 to
            100 in these units on velocity tasks, depending on task and signal. The released actor lowers its step size
            by a cosine over ten times the steps that are made; here it is constant. Rows that end by truncation
            bootstrap from their next observation.

Short trainings need a larger target_update_rate than the published 0.005, which is meant for 100,000 steps: on
HalfCheetah, critics had come to 0.31 of a mean return-to-go of 1.29 after 5000 steps, with 0.05 to 1.38.

Symbols: discount = gamma, expectile = tau, advantage_temperature = beta, num_heads = K, target_update_rate.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.agents.contract import Agent
from stages.artifacts import Artifact
from stages.networks.ensemble import Ensemble
from stages.safety import SAFETY
from stages.safety.contract import SafeAlgorithm, SafeSettings
from stages.safety.limits.caps_agent import CapsAgent, artifact_of_heads
from stages.safety.limits.cost_transitions import CostTransitions
from stages.seeding import generators
from stages.settings import Widths
from stages.training.draws import UniformDraws
from stages.training.expectile import expectile_loss
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable

LARGEST_WEIGHT = 100.0


class CapsSettings(SafeSettings):
    """Constraint-adaptive policy switching; defaults are the published ones, but for the unit of the temperature."""

    hidden_sizes: Widths = Field((512, 512), description="hidden layer widths")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")
    num_heads: int = Field(2, ge=2, description="policies K between most reward and least cost")
    discount: float = Field(0.99, ge=0, lt=1, description="discount factor gamma")
    expectile: float = Field(0.7, gt=0, lt=1, description="expectile tau of the value regression")
    advantage_temperature: float = Field(30.0, ge=0, description="beta: how much better actions weigh more")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="step of the target critics")


@SAFETY.register("caps", CapsSettings)
class Caps(SafeAlgorithm, Learner):
    """Learner of both pairs of critics, both values and all heads; what concerns the reward comes first."""

    settings: CapsSettings

    def __init__(self, job: Job, settings: CapsSettings, given: Artifact | None = None) -> None:
        super().__init__(job, settings, given)
        seeds, device, rate, inner = job.seeds, job.device, settings.learning_rate, settings.hidden_sizes
        self.data = CostTransitions.of(job, settings.discount)
        self.rows = self.data.rows
        observation, action = self.rows.widths["observations"], self.rows.widths["actions"]
        policy = Ensemble((observation, *inner, settings.num_heads * action), len(seeds))
        values = Ensemble((observation, *inner, 1), len(seeds), 2)
        critics = Ensemble((observation + action, *inner, 1), len(seeds), 4)
        self.heads = Trainable(policy, generators(seeds, "caps heads"), rate, device)
        self.values = Trainable(values, generators(seeds, "caps values"), rate, device)
        self.critics = Trainable(critics, generators(seeds, "caps critics"), rate, device, target=True)
        self.mixture = mixture(settings.num_heads).to(device)
        self.updates = [Update(self.fit)]

    def train(self) -> Artifact:
        settings, seeds = self.settings, self.job.seeds
        draws = UniformDraws(seeds, len(self.rows), settings.batch_size)
        metrics = self.job.train("CAPS", self, self.rows, draws, settings.num_steps)
        units = {"cost_scale": self.data.cost_scale, "discount": settings.discount, "horizon": self.data.horizon}
        parameters = self.heads.parameters.detach(), self.critics.parameters.detach()
        networks = self.heads.ensemble, self.critics.ensemble
        return artifact_of_heads(*networks, parameters, self.job.normaliser, units, metrics.tensors())

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        return CapsAgent.load(artifact)

    def fit(self, batch: Batch) -> Losses:
        """One step of values, critics and heads, and of the target critics."""
        observations, pairs = batch["observations"], torch.cat([batch["observations"], batch["actions"]], dim=-1)
        signals = torch.cat([batch["rewards"], -batch["costs"]], dim=1)
        with torch.no_grad():
            target = signals + batch["discounts"] * self.values(batch["next_observations"])
        advantages = self.critics.target(pairs).unflatten(1, (2, 2)).amin(2) - self.values(observations)
        value_loss = expectile_loss(advantages, self.settings.expectile).mean((2, 3)).sum(1)
        self.values.minimise(value_loss)
        critic_loss = (self.critics(pairs) - target.repeat_interleave(2, dim=1)).square().mean((2, 3)).sum(1)
        self.critics.minimise(critic_loss)
        head_loss = (self.weights(advantages.detach()) * self.head_errors(batch)).mean((1, 2))
        self.heads.minimise(head_loss)
        self.critics.move_target(self.settings.target_update_rate)
        return {"value": value_loss, "critic": critic_loss, "heads": head_loss}

    def weights(self, advantages: Float[Tensor, "seeds 2 batch 1"]) -> Float[Tensor, "seeds batch heads"]:
        """``w_k``: how much each row counts for each head."""
        grown = (self.settings.advantage_temperature * advantages).exp().clamp(max=LARGEST_WEIGHT)
        return grown[..., 0].mT @ self.mixture

    def head_errors(self, batch: Batch) -> Float[Tensor, "seeds batch heads"]:
        """Squared distance of each head's action to the dataset's."""
        actions = torch.tanh(self.heads(batch["observations"])[:, 0]).unflatten(2, (self.settings.num_heads, -1))
        return (actions - batch["actions"].transpose(1, 2)).square().sum(-1)

    def tensors(self) -> dict[str, Tensor]:
        return state_of(heads=self.heads, values=self.values, critics=self.critics)


def mixture(num_heads: int) -> Float[Tensor, "2 heads"]:
    """How much the weights for reward and for cost count for each head."""
    shares = torch.ones(2, num_heads)
    shares[1] = 2 * torch.arange(num_heads) / (num_heads - 1)
    shares[:, 0], shares[:, -1] = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    return shares
