"""What a policy network puts out, by the kind of the dataset's actions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.networks import categorical, gaussian


@dataclass(frozen=True)
class Head:
    """How a network's outputs are read as a distribution of actions.

    Attributes:
        num_outputs: Width of the network's output.
        num_action_columns: Width of an action: its coordinates, or 1 for the number of a discrete action.
        log_prob: ``(outputs [..., num_outputs], actions [..., columns]) -> [...]``, in nats.
    """

    num_outputs: int
    num_action_columns: int
    log_prob: Callable[[Tensor, Tensor], Tensor]


def head_of(dataset: EpisodeDataset) -> Head:
    """Categorical for discrete actions, diagonal Gaussian otherwise."""
    if dataset.num_actions is not None:
        return Head(dataset.num_actions, 1, categorical.log_prob)
    width = dataset.actions.shape[1]
    return Head(2 * width, width, gaussian.log_prob)
