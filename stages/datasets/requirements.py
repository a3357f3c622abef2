"""What a method needs of its dataset, refused before any training starts."""

from __future__ import annotations

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError


def require(dataset: EpisodeDataset, *, num_clusters: int = 1, costs: bool = False, place: str = "") -> None:
    """Stop if a method cannot work on `dataset`.

    Args:
        dataset: What is to be trained on.
        num_clusters: Clusters that its episodes are to be divided into.
        costs: Whether the method needs costs.
        place: The dataset's file, for the message.

    Raises:
        UserError: The dataset lacks something.
    """
    episodes = dataset.num_episodes
    if episodes == 0:
        raise UserError("the dataset is empty", place=place, remedy="Record at least one episode")
    if episodes == 1 and num_clusters > 1:
        raise UserError(
            f"one episode cannot be divided into {num_clusters} clusters",
            place=place,
            remedy="Check that the ends of episodes are marked, or use num_clusters: 1",
        )
    if num_clusters > episodes:
        raise UserError(
            f"{num_clusters} clusters need at least as many episodes, the dataset has {episodes}",
            place=place,
            remedy=f"Lower num_clusters to at most {episodes}, or record more",
        )
    if costs and dataset.costs is None:
        raise UserError("the method needs costs, the dataset has none", place=place, remedy="Use one with costs")


def require_continuous(dataset: EpisodeDataset, method: str) -> None:
    """Stop unless actions are vectors.

    Raises:
        UserError: Actions are numbers to choose from.
    """
    if dataset.num_actions is not None:
        cause = f"{method} needs actions that are vectors, the dataset's are {dataset.num_actions} to choose from"
        raise UserError(cause, remedy="Use a dataset of a continuous task")
