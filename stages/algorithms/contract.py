"""What an offline algorithm is given and what it returns, the same for all algorithms."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from torch import Tensor

from stages.agents.contract import Agent
from stages.agents.network import NetworkAgent
from stages.artifacts import Artifact, prefixed
from stages.datasets.requirements import require_continuous
from stages.networks.ensemble import Ensemble
from stages.registry import Choice
from stages.settings import Settings
from stages.training.draws import Draws, UniformDraws
from stages.training.job import Job
from stages.training.learner import Learner, Update
from stages.training.rows import Gatherable
from stages.training.seedwise_adam import SeedwiseAdam


class OfflineAlgorithm(Learner):
    """Learns one policy per seed from a dataset; a learner for `stages.training.loop.Loop`.

    Attributes:
        rows: What a batch is made of.
        updates: The steps of the algorithm.
        noise: Width of each named noise that a step needs.
        policy: Shape of the policy network.
        actor: The policy as it is trained.
        squashed: Whether actions are the tanh of the network's output; otherwise its first outputs are the mean.
        head: An entry of `ACTION_HEADS` where there is more to it.
        memoryless: Whether its policies act on the present observation alone, as those that are switched must.
    """

    rows: Gatherable
    updates: list[Update]
    noise: dict[str, int]
    policy: Ensemble
    actor: SeedwiseAdam
    squashed: bool
    head: str | None = None
    memoryless: bool = True

    def __init__(self, job: Job, settings: Settings) -> None:
        self.job, self.settings = job, settings

    def draws(self) -> Draws:
        """Which of the rows each step uses, and its noise; a method may sample as it likes."""
        return UniformDraws(self.job.seeds, len(self.rows), self.settings.batch_size, noise=self.noise)

    def policy_parameters(self) -> Tensor:
        """Flat parameters of the policy that acts."""
        return self.actor.parameters

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """Training state, for checkpoints."""

    def artifact(self, metrics: dict[str, Tensor]) -> Artifact:
        """The trained policy with its normaliser as a file's contents."""
        tensors = {
            "policy/parameters": self.policy_parameters(),
            **prefixed("normaliser", self.job.normaliser.tensors()),
            **prefixed("metrics", metrics),
        }
        return Artifact(tensors, {"kind": "offline", **self.facts()})

    def facts(self) -> dict[str, Any]:
        """What the agent needs to know of the policy besides its tensors; ``method``, if `agent` is not the usual."""
        facts: dict[str, Any] = {"policy_sizes": self.policy.sizes, "squashed": self.squashed}
        return facts if self.head is None else facts | {"head": self.head}

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        """The agent of an artifact that names its ``method``; those that name none are a network per seed."""
        return NetworkAgent.load(artifact)


def train_offline(job: Job, choice: Choice) -> Artifact:
    """Train the chosen algorithm for all seeds of the job together; its policies as a file's contents.

    Raises:
        UserError: The dataset lacks something; found before training starts.
    """
    require_continuous(job.dataset, choice.method)
    return trained(choice.entry(job, choice.settings), choice, choice.method)


def trained(learner: OfflineAlgorithm, choice: Choice, label: str) -> Artifact:
    """Train a learner of the chosen algorithm for all seeds of its job together, with progress under `label`."""
    metrics = learner.job.train(label, learner, learner.rows, learner.draws(), choice.settings.num_steps)
    return learner.artifact(metrics.tensors())
