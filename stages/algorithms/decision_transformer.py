"""Decision transformer: imitation of what led to the return that is wished for, by a causal transformer.

It reads the last K steps, each as (return-to-go, observation, action), and says the action; trained on whole episodes
under their own returns, it is asked for a large one.

Objective: ``||mu(context) - a||^2``, averaged over the steps of a window and action coordinates.
Source:    Chen, Lu, Rajeswaran, Lee, Grover, Laskin, Abbeel, Srinivas, Mordatch: Decision Transformer: Reinforcement
           Learning via Sequence Modeling, NeurIPS 2021, Algorithm 1; settings as in the authors' code.

Deviations: returns-to-go are standardised instead of divided by 1000. The return wished for is the largest of the
            dataset, where the authors set one by hand for every task. No dropout. Shorter episodes are padded after
            their end instead of before their start, outside the loss.

Symbols: context = K.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import torch
from pydantic import Field
from torch import Tensor

from stages.agents.contract import Agent
from stages.agents.return_conditioned import ReturnConditionedAgent
from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import OfflineAlgorithm
from stages.algorithms.requirements import require_differing_returns, require_long_episodes
from stages.artifacts import Artifact
from stages.datasets.transitions import returns_to_go
from stages.networks.sequences.decision_network import DecisionNetwork
from stages.networks.sequences.token_network import AttentionSettings
from stages.seeding import generators
from stages.settings import Widths
from stages.training.job import Job
from stages.training.learner import Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.seedwise_adam import SeedwiseAdam, warm_up
from stages.training.windows import Windows


class DecisionTransformerSettings(AttentionSettings):
    """Decision transformer; defaults are the published ones."""

    num_steps: int = Field(100_000, ge=0, description="gradient steps")
    context: int = Field(20, ge=1, description="steps K that are looked back on")
    target_return: float | None = Field(None, description="return asked for at first; null: the dataset's largest")
    hidden_sizes: Widths = Field(
        (512, 512, 512),
        min_length=1,
        description="width of the hidden layer of each transformer block, as many blocks as numbers",
    )
    batch_size: int = Field(64, ge=1, description="windows of K steps per gradient step")
    learning_rate: float = Field(1.0e-4, gt=0, description="Adam step size")
    warmup_steps: int = Field(10_000, ge=0, description="steps over which the step size grows to its full value")
    weight_decay: float = Field(1.0e-4, ge=0, description="decoupled weight decay")
    clip_norm: float | None = Field(0.25, gt=0, description="largest norm of a seed's gradient; null: any")


@ALGORITHMS.register("decision_transformer", DecisionTransformerSettings)
class DecisionTransformer(OfflineAlgorithm):
    """Learner of one transformer per seed; actions are normalised to [-1, 1]."""

    memoryless = False
    settings: DecisionTransformerSettings

    def __init__(self, job: Job, settings: DecisionTransformerSettings) -> None:
        super().__init__(job, settings)
        dataset = job.dataset
        require_differing_returns(dataset, "decision_transformer")
        require_long_episodes(dataset, settings.context, "context")
        to_go = torch.from_numpy(returns_to_go(dataset, 1.0)).float()
        self.return_scale = torch.stack([to_go.mean(), to_go.std(correction=0)])
        columns = {
            "returns_to_go": (to_go - self.return_scale[0]) / self.return_scale[1],
            "observations": job.observations,
            "actions": job.actions,
        }
        rows = Rows(columns, job.device)
        self.rows = Windows(rows, dataset.episode_starts, dataset.episode_ends, settings.context)
        self.network = DecisionNetwork(
            observation=job.observations.shape[1],
            action=job.actions.shape[1],
            longest=int(dataset.episode_lengths.max()),
            width=settings.width,
            num_heads=settings.num_heads,
            hidden_sizes=settings.hidden_sizes,
        )
        self.actor = SeedwiseAdam(
            self.network.initialise(generators(job.seeds, "decision_transformer")),
            settings.learning_rate,
            job.device,
            clip_norm=settings.clip_norm,
            weight_decay=settings.weight_decay,
            schedule=warm_up(settings.warmup_steps),
        )
        self.noise = {}
        self.updates = [Update(self.fit)]

    def fit(self, batch: Batch) -> Losses:
        """One step on the squared errors of all steps that are no padding."""
        error = (self.network(self.actor.parameters, batch) - batch["actions"]).square().mean(-1)
        loss = (error * batch["mask"]).sum((1, 2)) / batch["mask"].sum((1, 2))
        self.actor.minimise(loss)
        return {"actor": loss}

    def tensors(self) -> dict[str, Tensor]:
        return self.actor.tensors()

    def artifact(self, metrics: dict[str, Tensor]) -> Artifact:
        made = super().artifact(metrics)
        made.tensors["return_scale"] = self.return_scale
        return made

    def facts(self) -> dict[str, Any]:
        target = self.settings.target_return
        largest = float(self.job.dataset.episode_returns.max())
        return {
            "method": "decision_transformer",
            "network": asdict(self.network),
            "context": self.settings.context,
            "target_return": largest if target is None else target,
        }

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        return ReturnConditionedAgent.load(artifact)
