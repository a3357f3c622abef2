"""What networks see of an observation: scaled numbers, or one-hot values where it holds names rather than amounts.

Row and column of a gridworld are names: a rule such as "right on even cells" is nothing that a small network reads off
two scaled numbers, but easy on one-hot values. An observation counts as nominal if actions are discrete and every
coordinate holds few distinct whole numbers. Coordinates that never vary are left out then.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.networks.normaliser import Normaliser

MOST_VALUES = 32  # of one coordinate


@dataclass(frozen=True)
class Encoding:
    """Maps observations in the environment's units to network inputs.

    Attributes:
        values: The distinct values of each nominal coordinate (empty for one that never varies); None: not nominal.
        normaliser: Scales observations that are not nominal.
    """

    values: tuple[Float[Tensor, "_"], ...] | None
    normaliser: Normaliser

    @classmethod
    def of(cls, dataset: EpisodeDataset, normaliser: Normaliser) -> Encoding:
        """The encoding that suits `dataset`."""
        return cls(_nominal_values(dataset), normaliser)

    @property
    def width(self) -> int:
        """Number of network inputs."""
        if self.values is None:
            return len(self.normaliser.observation_mean)
        return sum(len(distinct) for distinct in self.values)

    def __call__(self, observations: Float[Tensor, "steps observation"]) -> Float[Tensor, "steps input"]:
        """Network inputs; a value that was not in the dataset is all zeros."""
        if self.values is None:
            return self.normaliser.observations(observations)
        columns = zip(observations.T, self.values, strict=True)
        return torch.cat([(column[:, None] == distinct).float() for column, distinct in columns], dim=1)


def _nominal_values(dataset: EpisodeDataset) -> tuple[Tensor, ...] | None:
    if dataset.num_actions is None:
        return None
    found = []
    for column in dataset.observations.T:
        if not np.array_equal(column, np.rint(column)):
            return None
        distinct = np.unique(column)
        if len(distinct) > MOST_VALUES:
            return None
        found.append(torch.from_numpy(distinct if len(distinct) > 1 else distinct[:0]))
    return tuple(found) if any(len(distinct) for distinct in found) else None
