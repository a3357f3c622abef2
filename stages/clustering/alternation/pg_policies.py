"""What PG-Kmeans asks of its policies, be they tables or networks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.alternation.hard_assignment import HardAssignment
from stages.clustering.alternation.merging import ByScores, Level, Mergeable
from stages.datasets.episodes import EpisodeDataset


class Chosen(NamedTuple):
    """The result of a seed: one of its runs at one level of merging."""

    run: int
    level: Level


class Policies(ABC):
    """The k policies of every run. A run is a restart of a seed; the restarts of a seed lie side by side.

    Attributes:
        metrics: Losses over training, for networks.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, Tensor] = {}

    @abstractmethod
    def alternate(self, start: Int[Tensor, "runs episodes"], num_clusters: int) -> HardAssignment:
        """Alternate M-steps and E-steps from the given labels, until no label changes or for `max_iterations`."""

    def mergeable(self, found: HardAssignment, run: int) -> Mergeable:
        """The clusters of a run, ready to be joined."""
        return ByScores(found.transfer[run].numpy(), found.sizes(run).numpy())

    @abstractmethod
    def judge(self, found: HardAssignment, traces: list[list[Level]]) -> None:
        """Set the criterion of the levels, if the number of clusters is to be chosen by it or it is for free."""

    @abstractmethod
    def keep(self, found: HardAssignment, chosen: list[Chosen], num_clusters: int) -> None:
        """Make the policies of the clusters that were chosen, in the order of `Level.alive`, for `scores`."""

    @abstractmethod
    def scores(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """Log-likelihood of a dataset's episodes under the policies kept; -inf for clusters that a seed lacks."""
