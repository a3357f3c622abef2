"""What a safe offline method is given and returns: policies for several cost limits and seeds, trained side by side.

A cost limit is what an episode's undiscounted sum of costs may be at most. Some methods learn one policy per limit,
others one model that serves every limit; an agent hides the difference: it is told the limit of each of its episodes.

Networks are ensembles ``[seed, member]`` with one member per limit where policies are learnt per limit, so that a
block of seeds and limits is trained by one loop.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from pydantic import Field

from stages.agents.contract import Agent
from stages.agents.network import NetworkAgent
from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.requirements import require, require_continuous
from stages.environments.dsrl import task_of
from stages.errors import UserError
from stages.ingredients import Ingredient, require_ingredient
from stages.registry import Choice
from stages.settings import CostLimit, Settings, Widths
from stages.training.job import Job

PARTITION = Ingredient("partition", "partition_trajectories")
CLUSTERS = Ingredient("clusters", "cluster_trajectories")


class SafeSettings(Settings):
    """What all safe methods have; defaults differ by method."""

    cost_limits: tuple[CostLimit, ...] | None = Field(
        None, min_length=1, description="costs allowed per episode; null: the partition's, or the benchmark's"
    )
    num_steps: int = Field(100_000, ge=0, description="gradient steps")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(512, ge=1, description="rows per gradient step")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size")


class SafeAlgorithm(ABC):
    """A method that learns policies under cost limits.

    Attributes:
        ingredient: What the method is given besides the dataset: labelled segments, clusters, or nothing.
        limits: The cost limits to learn for: those of the settings, else of the partition, else of the benchmark.

    Args:
        job: Dataset, seeds and device.
        settings: The method's.
        given: The ingredient; None for methods without one.
    """

    ingredient: Ingredient | None = None

    def __init__(self, job: Job, settings: SafeSettings, given: Artifact | None = None) -> None:
        self.job, self.settings, self.given = job, settings, given
        labelled = given.metadata.get("limits", ()) if given else ()
        self.limits = cost_limits(settings.cost_limits or tuple(labelled) or None, job.dataset)

    @abstractmethod
    def train(self) -> Artifact:
        """Learn for all seeds and limits; networks, normaliser and metrics as a file's contents.

        Whatever `agent` needs is put into the tensors and the metadata, to which the caller adds ``seeds``, ``kind``,
        ``method`` and ``limits``.

        Raises:
            UserError: The dataset lacks something; found before training starts.
        """

    @classmethod
    def agent(cls, artifact: Artifact) -> Agent:
        """The agent of what `train` returned; unless a method has another, a network per seed and limit."""
        return NetworkAgent.load(artifact)


def cost_limits(chosen: tuple[float, ...] | None, dataset: EpisodeDataset, place: str = "") -> tuple[float, ...]:
    """The chosen limits, or those of the benchmark for the dataset's task.

    Raises:
        UserError: The dataset at `place` lacks costs; or none are chosen, and the task is not of the benchmark.
    """
    require(dataset, costs=True, place=place)
    if chosen is not None:
        return tuple(dict.fromkeys(chosen))
    task = task_of(dataset.environment)
    if task is None:
        cause = f"no cost limits are known for {dataset.environment or 'an unnamed environment'}"
        raise UserError(cause, place="cost_limits", remedy="Give them, such as [10, 20, 40]")
    return task.cost_limits


def train_safe(job: Job, choice: Choice, given: Artifact | None = None) -> Artifact:
    """Train the chosen method for all seeds and limits together; its policies as a file's contents.

    Args:
        job: Dataset with costs, seeds and device.
        choice: The method and its settings.
        given: What the method needs besides, see `SafeAlgorithm.ingredient`.

    Raises:
        UserError: The dataset or the ingredient lacks something.
    """
    require_continuous(job.dataset, choice.method)
    require_ingredient(choice, None if given is None else given.metadata.get("kind"))
    algorithm = choice.entry(job, choice.settings, given)
    trained: Artifact = algorithm.train()
    trained.metadata |= {"kind": "safe", "method": choice.method, "limits": list(algorithm.limits)}
    trained.metadata |= job.metadata(choice)
    return trained
