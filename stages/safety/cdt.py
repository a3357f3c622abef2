"""The constrained decision transformer: imitation of what led to the return and cost that are wished for.

A causal transformer reads the last steps, each as (return-to-go, cost-to-go, observation, action), and predicts the
action. Trained on whole episodes under their own outcomes, it is asked for the best outcome within the limit: one
model serves all limits. Of impossible wishes it learns to keep the cost, see `stages.safety.outcomes.relabelling`.

Objective: ``- log pi(a | context) - lambda H(pi) + w BCE(cost > 0)``, averaged over the steps of a window, and
           ``lambda (H - H_target)`` for the temperature lambda > 0.
Source:    Liu, Guo, Yao, Cen, Yu, Zhang, Zhao: Constrained Decision Transformer for Offline Safe RL, ICML 2023; for
           the auxiliary cost loss, which the paper does not have, and for settings the authors' OSRL.

Deviations: the return wished for is the largest in the dataset within the limit, where OSRL has one set by hand for
            every task and limit. Episodes are drawn in proportion to ``max_cost_ratio * largest limit + 1 - C``, in
            OSRL to ``70 - C``; limits beyond that range ask for what was never shown. Returns-to-go and costs-to-go
            are standardised instead of scaled by 0.1 and turned into ``50 - C``. Costs are predicted as "any or
            none", so that real-valued ones do. Entropies are sums over action coordinates, and so is their target;
            OSRL compares a mean with a sum. No dropout. Defaults are sized for a CPU; OSRL has width 128, 8 heads,
            hidden_sizes (512, 512, 512) and batches of 2048 windows. The variants that OSRL leaves switched off
            (cost prefix and features, prediction of observations) are left out.

Symbols: entropy weight lambda, context = K, auxiliary_weight = w.
"""

from __future__ import annotations

import math
from dataclasses import asdict

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.agents.contract import Agent
from stages.artifacts import Artifact, prefixed
from stages.networks import gaussian
from stages.networks.sequences.token_network import AttentionSettings
from stages.safety import SAFETY
from stages.safety.contract import SafeAlgorithm, SafeSettings
from stages.safety.limits.requirements import require_safe_and_unsafe
from stages.safety.outcomes.cdt_agent import CdtAgent
from stages.safety.outcomes.cdt_network import CdtNetwork
from stages.safety.outcomes.frontier import Frontier
from stages.safety.outcomes.windows import OutcomeWindows
from stages.seeding import generators
from stages.settings import Widths
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.seedwise_adam import SeedwiseAdam, warm_up
from stages.training.windows import WindowDraws


class CdtSettings(SafeSettings, AttentionSettings):
    """Constrained decision transformer."""

    hidden_sizes: Widths = Field(
        (256, 256),
        min_length=1,
        description="width of the hidden layer of each transformer block, as many blocks as numbers",
    )
    width: int = Field(64, ge=1, description="numbers per token")
    num_heads: int = Field(4, ge=1, description="attention heads, a divisor of the width")
    context: int = Field(10, ge=1, description="steps K that are looked back on")
    batch_size: int = Field(64, ge=1, description="windows of K steps per gradient step")
    learning_rate: float = Field(1.0e-4, gt=0, description="Adam step size")
    warmup_steps: int = Field(500, ge=0, description="steps over which the step size grows to its full value")
    weight_decay: float = Field(1.0e-4, ge=0, description="decoupled weight decay")
    clip_norm: float | None = Field(0.25, gt=0, description="largest norm of a seed's gradient; null: any")
    stochastic: bool = Field(True, description="Gaussian actions with an entropy term; false: squared errors")
    initial_temperature: float = Field(0.1, gt=0, description="weight lambda of the entropy at first")
    target_entropy: float = Field(-1.0, description="entropy per action coordinate that lambda steers towards")
    auxiliary_weight: float = Field(0.02, ge=0, description="weight w of the prediction of costs")
    relabelled_share: float = Field(0.2, ge=0, description="relabelled episodes per episode")
    max_cost_ratio: float = Field(
        2.0, ge=1, description="largest cost of episodes to learn from over the largest limit; cheap ones count more"
    )


@SAFETY.register("cdt", CdtSettings)
class Cdt(SafeAlgorithm, Learner):
    """Learner of one transformer per seed, for all limits."""

    settings: CdtSettings

    def __init__(self, job: Job, settings: CdtSettings, given: Artifact | None = None) -> None:
        super().__init__(job, settings, given)
        dataset = job.dataset
        require_safe_and_unsafe(dataset, self.limits, unsafe=False)
        assert dataset.episode_costs is not None
        self.frontier = Frontier.of(dataset.episode_costs, dataset.episode_returns)
        most_cost = settings.max_cost_ratio * max(self.limits)
        self.data = OutcomeWindows.of(job, settings.context, settings.relabelled_share, most_cost)
        self.network = CdtNetwork(
            observation=dataset.observations.shape[1],
            action=dataset.actions.shape[1],
            longest=int(dataset.episode_lengths.max()),
            width=settings.width,
            num_heads=settings.num_heads,
            hidden_sizes=settings.hidden_sizes,
        )
        initial = self.network.initialise(generators(job.seeds, "cdt"))
        self.policy = SeedwiseAdam(
            initial,
            settings.learning_rate,
            job.device,
            clip_norm=settings.clip_norm,
            weight_decay=settings.weight_decay,
            schedule=warm_up(settings.warmup_steps),
        )
        log_temperature = torch.full((len(job.seeds), 1), math.log(settings.initial_temperature))
        self.temperature = SeedwiseAdam(log_temperature, settings.learning_rate, job.device)
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step of the network, and of the temperature if actions are Gaussian."""
        outputs = self.network(self.policy.parameters, batch)
        log_odds, any_cost = outputs.costs, batch["any_cost"].squeeze(-1)
        auxiliary = torch.nn.functional.binary_cross_entropy_with_logits(log_odds, any_cost, reduction="none")
        losses = {"cost": _mean(auxiliary, batch["mask"])}
        if self.settings.stochastic:
            log_prob = gaussian.log_prob(outputs.actions, batch["actions"])
            entropy = _mean(_entropy(outputs.actions), batch["mask"])
            losses |= {"imitation": -_mean(log_prob, batch["mask"]), "entropy": entropy}
            temperature = self.temperature.parameters.exp().squeeze(1)
            losses["policy"] = losses["imitation"] - temperature.detach() * entropy
        else:
            mean, _ = gaussian.mean_and_log_std(outputs.actions)
            losses["policy"] = _mean((mean - batch["actions"]).square().mean(-1), batch["mask"])
        self.policy.minimise(losses["policy"] + self.settings.auxiliary_weight * losses["cost"])
        if self.settings.stochastic:
            target = self.settings.target_entropy * self.network.action
            self.temperature.minimise(temperature * (entropy.detach() - target))
        return {name: loss.detach() for name, loss in losses.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Training state, for checkpoints."""
        return state_of(policy=self.policy, temperature=self.temperature)

    def train(self) -> Artifact:
        settings = self.settings
        draws = WindowDraws(self.job.seeds, self.data.lengths, self.data.weights, settings.batch_size)
        metrics = self.job.train("cdt", self, self.data.windows, draws, settings.num_steps)
        frontier = {"costs": self.frontier.costs, "returns": self.frontier.returns}
        tensors = {
            "policy/parameters": self.policy.parameters.detach(),
            **prefixed("normaliser", self.job.normaliser.tensors()),
            **prefixed("to go", self.data.scale.tensors()),
            **prefixed("frontier", {name: torch.from_numpy(values) for name, values in frontier.items()}),
            **prefixed("metrics", metrics.tensors()),
        }
        return Artifact(tensors, {"network": asdict(self.network), "context": settings.context})

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        return CdtAgent.load(artifact)


def _entropy(outputs: Float[Tensor, "*batch twice_action"]) -> Float[Tensor, "*batch"]:
    """Entropy of a Gaussian, summed over action coordinates."""
    _, log_std = gaussian.mean_and_log_std(outputs)
    return (log_std + gaussian.HALF_LOG_TWO_PI + 0.5).sum(-1)


def _mean(
    values: Float[Tensor, "seeds batch steps"], mask: Float[Tensor, "seeds batch steps"]
) -> Float[Tensor, "seeds"]:
    """Each seed's mean over the steps that are not padding."""
    return (values * mask).sum((1, 2)) / mask.sum((1, 2))
