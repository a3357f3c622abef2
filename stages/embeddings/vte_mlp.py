"""VTE without skills: the same encoder and decoder, told the states and actions themselves.

Objective: that of VTE.
Source:    "VTE-MLP" of Ge, Chen, Sinha, Varakantham: On Learning Informative Trajectory Embeddings for Imitation,
           Classification and Regression, AAMAS 2025: the control for what skills add.
Symbols:   those of VTE.
"""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings import EMBEDDINGS
from stages.embeddings.variational.embedder import VariationalEmbedder, VariationalSettings


class VteMlpSettings(VariationalSettings):
    """VTE on states and actions."""


@EMBEDDINGS.register("vte_mlp", VteMlpSettings)
class VteMlp(VariationalEmbedder):
    """Variational trajectory encoding of states and actions."""

    settings: VteMlpSettings
    groups = ("steps",)

    def said(self, dataset: EpisodeDataset) -> dict[str, Float[Tensor, "1 steps width"]]:
        return {"steps": self.steps.matrix(dataset).to(self.device)[None]}
