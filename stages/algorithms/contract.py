"""What an offline algorithm is given and what it returns, the same for all algorithms."""

from __future__ import annotations

from abc import abstractmethod

from torch import Tensor

from stages.artifacts import Artifact, prefixed
from stages.networks.ensemble import Ensemble
from stages.registry import Choice
from stages.settings import Settings
from stages.training.draws import Draws, UniformDraws
from stages.training.job import Job
from stages.training.learner import Learner, Update
from stages.training.rows import Gatherable


class OfflineAlgorithm(Learner):
    """Learns one policy per seed from a dataset; a learner for `stages.training.loop.Loop`.

    Attributes:
        rows: What a batch is made of.
        updates: The steps of the algorithm.
        noise: Width of each named noise that a step needs.
        policy: Shape of the policy network.
        squashed: Whether actions are the tanh of the network's output; otherwise its first outputs are the mean.
    """

    rows: Gatherable
    updates: list[Update]
    noise: dict[str, int]
    policy: Ensemble
    squashed: bool

    def __init__(self, job: Job, settings: Settings) -> None:
        self.job, self.settings = job, settings

    def draws(self) -> Draws:
        """Which of the rows each step uses, and its noise; a method may sample as it likes."""
        return UniformDraws(self.job.seeds, len(self.rows), self.settings.batch_size, noise=self.noise)

    @abstractmethod
    def policy_parameters(self) -> Tensor:
        """Flat parameters of the policy."""

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
        return Artifact(tensors, {"kind": "offline", "policy_sizes": self.policy.sizes, "squashed": self.squashed})


def train_offline(job: Job, choice: Choice) -> Artifact:
    """Train the chosen algorithm for all seeds of the job together; its policies as a file's contents."""
    learner = choice.entry(job, choice.settings)
    metrics = job.train(choice.method, learner, learner.rows, learner.draws(), choice.settings.num_steps)
    return learner.artifact(metrics.tensors())
