"""Scaling of observations and actions, computed once per dataset and stored with every trained thing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.scales import scales


@dataclass(frozen=True)
class Normaliser:
    """Observations to mean 0 and standard deviation 1, actions to the box [-1, 1] spanned by the dataset.

    Sensors that never move are scaled as `stages.datasets.scales` says. Discrete actions are left as they are.
    """

    observation_mean: Float[Tensor, "observation"]
    observation_std: Float[Tensor, "observation"]
    action_centre: Float[Tensor, "action"]
    action_scale: Float[Tensor, "action"]

    def __post_init__(self) -> None:
        """Vectors of other lengths would be spread over all columns in silence.

        Raises:
            ValueError: They do not fit together, or do not scale.
        """
        pairs = {"observation": (self.observation_mean, self.observation_std)}
        pairs["action"] = (self.action_centre, self.action_scale)
        for name, (centre, scale) in pairs.items():
            if centre.ndim != 1 or centre.shape != scale.shape:
                raise ValueError(f"{name} scaling of {list(centre.shape)} and {list(scale.shape)} numbers")
            if not bool(centre.isfinite().all() and scale.isfinite().all() and (scale > 0).all()):
                raise ValueError(f"{name} scaling holds numbers that do not scale")

    @classmethod
    def of(cls, dataset: EpisodeDataset) -> Normaliser:
        """The scaling of `dataset`."""
        mean = dataset.observations.mean(0, dtype=np.float64)
        std = dataset.observations.std(0, dtype=np.float64)
        if dataset.num_actions is not None:
            centre, scale = np.zeros(1), np.ones(1)
        else:
            low, high = dataset.actions.min(0).astype(np.float64), dataset.actions.max(0).astype(np.float64)
            centre, scale = (low + high) / 2, scales((high - low) / 2, (low + high) / 2)
        arrays = mean, scales(std, mean), centre, scale
        return cls(*(torch.from_numpy(array).float() for array in arrays))

    def observations(self, values: Float[Tensor, "*batch observation"]) -> Float[Tensor, "*batch observation"]:
        """Observations in normalised units."""
        return (values - self.observation_mean) / self.observation_std

    def actions(self, values: Float[Tensor, "*batch action"]) -> Float[Tensor, "*batch action"]:
        """Actions in normalised units."""
        return (values - self.action_centre) / self.action_scale

    def actions_of(self, dataset: EpisodeDataset) -> Float[Tensor, "steps action"]:
        """Normalised actions of all steps; the number of a discrete action as one column."""
        return self.actions(torch.from_numpy(dataset.actions).reshape(dataset.num_steps, -1).float())

    def physical_actions(self, values: Float[Tensor, "*batch action"]) -> Float[Tensor, "*batch action"]:
        """Normalised actions back in the units of the environment."""
        return values * self.action_scale + self.action_centre

    def tensors(self) -> dict[str, Tensor]:
        """The four vectors by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}
