"""What loop, checkpoints and CUDA graphs ask of whatever is trained.

A learner is a list of `Update`s, "every n-th step, apply this to the batch", and all that it holds by name. An update
changes tensors in place and returns its losses as tensors, one value per seed. It never looks at a value, so a run of
steps can be captured as a CUDA graph and replayed.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from stages.training.rows import Batch

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Update:
    """What a learner does every `every` steps; `apply` maps a batch to losses of shape ``[seeds]``.

    An update that looks at values (`eager`) is kept out of CUDA graphs.
    """

    apply: Callable[[Batch], Losses]
    every: int = 1
    eager: bool = False

    def captured(self, longest: int) -> bool:
        """Whether a graph of at most `longest` steps may hold this update."""
        return self.every <= longest and not self.eager


@runtime_checkable
class HasState(Protocol):
    """Whatever holds tensors that a checkpoint keeps."""

    def tensors(self) -> dict[str, Tensor]:
        """All state, by name."""
        ...


@runtime_checkable
class Learner(Protocol):
    """Anything that `stages.training.loop.Loop` can train."""

    updates: list[Update]

    @abstractmethod
    def tensors(self) -> dict[str, Tensor]:
        """All state, by name, for checkpoints; tensors are restored in place."""

    def finished(self) -> bool:
        """Whether to stop before the number of steps asked for; looked at once per chunk of steps."""
        return False


def state_of(**parts: HasState) -> dict[str, Tensor]:
    """The tensors of several parts of a learner, each under the part's name."""
    return {f"{name}/{key}": tensor for name, part in parts.items() for key, tensor in part.tensors().items()}
