"""The scaling of a group's own observations, which its policy is trained in and which is then part of the policy.

A sensor that hardly moves in one group's episodes may move a lot in another's; scaled by all of them, the first group's
policy would see it as almost constant. So every policy sees its observations as if its episodes were all there are.
What is kept takes observations in the job's scaling, like any other policy: an affine map before a layer is a matter of
the layer's weights,

    (x - shift) / scale  W + b  =  x  W / scale + (b - shift / scale  W).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.networks.normaliser import Normaliser
from stages.training.job import Job


@dataclass(frozen=True)
class GroupScaling:
    """From observations in a job's scaling to those in the scaling of each group.

    Attributes:
        ratio: What a job's unit is in units of the group; 1 for a group of all episodes.
        offset: What is 0 in the job's scaling; 0 for a group of all episodes.
    """

    ratio: Float[Tensor, "seeds groups 1 observation"]
    offset: Float[Tensor, "seeds groups 1 observation"]

    @classmethod
    def of(cls, job: Job, groups: Bool[np.ndarray, "seeds groups episodes"]) -> GroupScaling:
        """The scaling of each group's episodes; that of the job for a group without any."""
        scalings = [_scaling(job, group) for of_seed in groups for group in of_seed]
        mean = torch.stack([scaling.observation_mean for scaling in scalings])
        std = torch.stack([scaling.observation_std for scaling in scalings])
        ratio, offset = job.normaliser.observation_std / std, (job.normaliser.observation_mean - mean) / std
        return cls(*(part.view(*groups.shape[:2], 1, -1).to(job.device) for part in (ratio, offset)))

    def repeated(self, times: int) -> GroupScaling:
        """The same for `times` policies of each group, one after the other."""
        return GroupScaling(*(part.repeat_interleave(times, 1) for part in (self.ratio, self.offset)))

    def __call__(
        self, observations: Float[Tensor, "seeds #groups batch observation"]
    ) -> Float[Tensor, "seeds groups batch observation"]:
        """Observations as each group's policy sees them."""
        return torch.addcmul(self.offset, observations, self.ratio)

    def folded(self, ensemble: Ensemble, parameters: Float[Tensor, "parameters"]) -> Float[Tensor, "parameters"]:
        """Parameters that make of the job's observations what `parameters` make of the groups'.

        Args:
            ensemble: One network per seed and group.
            parameters: Of it.
        """
        folded = parameters.clone()
        weight, bias, *_ = ensemble.views(folded)
        bias += self.offset.flatten(0, 1) @ weight
        weight *= self.ratio.flatten(0, 1).mT
        return folded


def _scaling(job: Job, group: Bool[np.ndarray, "episodes"]) -> Normaliser:
    return Normaliser.of(job.dataset.select(np.flatnonzero(group))) if group.any() else job.normaliser
