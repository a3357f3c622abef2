"""Summary statistics: mean and standard deviation of the states and actions of an episode.

Objective: none; the baseline that every learned embedding must beat to be worth its training. It knows neither the
           order of steps nor how many there were.
Source:    no paper; on robots it tells levels apart as well as anything (`docs/embeddings.md`).
Symbols:   components = size of the projection.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.clustering.summaries.episode_features import means
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.features.projected import FeatureEmbedder, FeatureSettings


class EpisodeSummarySettings(FeatureSettings):
    """Summary statistics."""


@EMBEDDINGS.register("summary", EpisodeSummarySettings)
class Summary(FeatureEmbedder):
    """Means and standard deviations over an episode."""

    def features(self, dataset: EpisodeDataset) -> Float[Tensor, "1 episodes width"]:
        values = self.steps.matrix(dataset).double().numpy()
        average = means(values, dataset)
        spread = np.sqrt(np.maximum(means(values**2, dataset) - average**2, 0))
        return torch.from_numpy(np.concatenate([average, spread], axis=1)).float()[None]
