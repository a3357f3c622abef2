"""Random features: the mean over an episode of a network's hidden layer that has not been trained.

Objective: none; the control for whatever a network's shape does without training. What it knows of an episode is the
           distribution of its (state, action) pairs, as coarsely as `width` random half-spaces show it.
Source:    no paper; Rahimi and Recht, Random Features for Large-Scale Kernel Machines, NeurIPS 2007, for the idea.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.features.projected import FeatureEmbedder, FeatureSettings
from stages.networks.sequences.recurrent import affine
from stages.seeding import generators
from stages.training.job import Job

STEPS_AT_ONCE = 8192


class RandomFeaturesSettings(FeatureSettings):
    """Mean of random features."""

    width: int = Field(128, ge=1, description="random features of a step")


@EMBEDDINGS.register("random_features", RandomFeaturesSettings)
class RandomFeatures(FeatureEmbedder):
    """Mean over an episode of ``relu(W x + b)`` with random W and b."""

    settings: RandomFeaturesSettings

    def prepare(self, job: Job) -> None:
        inputs, width = self.steps.width, self.settings.width
        drawn = [g.standard_normal((inputs + 1, width)) for g in generators(self.seeds, "random features")]
        weights = torch.stack([torch.from_numpy(of_seed).float() for of_seed in drawn]).to(self.device)
        self.tensors |= {"weight": weights[:, :-1] * inputs**-0.5, "bias": weights[:, -1:]}

    def features(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes width"]:
        inputs = self.steps.matrix(dataset).to(self.device)
        episode = torch.from_numpy(dataset.episode_of_step).to(self.device)
        sums = inputs.new_zeros(len(self.seeds), dataset.num_episodes, self.settings.width)
        for steps, of_episode in zip(inputs.split(STEPS_AT_ONCE), episode.split(STEPS_AT_ONCE), strict=True):
            hidden = affine(steps.expand(len(self.seeds), *steps.shape), self.tensors["weight"], self.tensors["bias"])
            sums.index_add_(1, of_episode, hidden.relu())
        lengths = torch.from_numpy(dataset.episode_lengths).to(self.device)
        return sums / lengths[:, None]
