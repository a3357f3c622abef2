"""The true level: the policy that made the episode, as a unit vector, and so what being told it is worth.

Objective: none; a reference for probes and imitators. It is the one embedding that sees labels.
Source:    the "Known-Abl" control of Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings for
           Imitation, Classification and Regression, AAMAS 2025.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.contract import Embedder, EmbeddingSettings
from stages.embeddings.split import true_policies
from stages.training.job import Job


class TrueLevelSettings(EmbeddingSettings):
    """The true level."""


@EMBEDDINGS.register("true_level", TrueLevelSettings)
class TrueLevel(Embedder):
    """The true policy of each episode as a unit vector."""

    def learn(self, job: Job) -> None:
        true_policies(job.dataset)
        self.tensors["count"] = torch.tensor(max(1, len(job.dataset.behaviour_policy_names)))

    def raw(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes levels"]:
        policies = torch.from_numpy(true_policies(dataset)).long()
        levels = (policies[:, None] == torch.arange(int(self.tensors["count"]))).float()
        return levels.to(self.device).expand(len(self.seeds), *levels.shape)
