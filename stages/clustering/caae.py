"""Centroid-attracted autoencoder (CAAE): latents drawn to the nearest entry of a codebook that is trained with them.

The encoder turns an episode into a latent z, the decoder predicts each action from z and the observation, and the
centroids of a codebook attract the latents, so that episodes of one policy gather in one place.

Objective (Eq. 4):  ``- sum_t log P(a_t | z, s_t)  +  alpha min_j ||mu_j - z||^2  -  gamma S(mu)`` per window, with
Separation:         ``S(mu) = 1/m^2 sum_ij min(1, ||mu_i - mu_j||^2)``, without which all centroids may fall together.
Clusters:           the nearest centroid (``codebook``), or K-means on the latents as in the released code (``kmeans``).
Source:             Hu, Wang, Du: Policy-Based Trajectory Clustering in Offline Reinforcement Learning, UAI 2026.

The released code differs from Eq. 4: with its defaults the attraction passes a ReLU that makes it zero, and S has
weight 0, so that a plain autoencoder with K-means remains: ``attraction: 0, separation: 0, assignment: kmeans``. It
intends to halve the attraction (that is alpha 0.5) and to split its gradient between encoder, ``1/(1 + beta)``, and
codebook, ``beta/(1 + beta)``: `codebook_share` is the latter.

Beyond the paper, both can be switched off:
    pretrain_steps       Train the autoencoder alone at first. Early latents all lie in one place, and the centroid that
                         happens to be nearest would attract every one of them.
    initialise_codebook  Then put the centroids where K-means finds them among the latents (``kmeans``).

Symbols: attraction = alpha, separation = gamma, num_clusters = m, codebook = mu.
"""

from __future__ import annotations

from typing import Literal

from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, TrajectoryAutoencoder
from stages.clustering.autoencoders.centroids import (
    Centroids,
    Latents,
    collapse_facts,
    k_means,
    pairwise,
    squared_distances,
)
from stages.clustering.autoencoders.method import AutoencoderMethod
from stages.clustering.autoencoders.window import Window
from stages.clustering.contract import Clustering
from stages.networks.sequences.parts import Block, Views
from stages.training.learner import Losses
from stages.training.rows import Batch


class CaaeSettings(AutoencoderSettings):
    """CAAE; Eq. 4 alone is the defaults with pretrain_steps 0 and initialise_codebook normal."""

    pretrain_steps: int = Field(1000, ge=0, description="gradient steps of the autoencoder alone, at first")
    train_steps: int = Field(1000, ge=1, description="gradient steps with attraction and separation")
    attraction: float = Field(1.0, ge=0, description="weight of the attraction, alpha; 0: none")
    separation: float = Field(1.0, ge=0, description="weight of the separation of centroids, gamma; 0: none")
    codebook_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of the attraction that moves the codebook, the rest moves the encoder; null: all moves both",
    )
    initialise_codebook: Literal["kmeans", "normal"] = Field(
        "kmeans", description="where the centroids start after pretraining: K-means on the latents, or N(0, 1)"
    )
    assignment: Literal["codebook", "kmeans"] = Field("codebook", description="clusters: nearest centroid or K-means")


@CLUSTERING.register("caae", CaaeSettings)
class Caae(AutoencoderMethod):
    """CAAE for a block of seeds."""

    settings: CaaeSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        codebook = Block((settings.num_clusters, settings.latent_width), 1.0, normal=True)
        model = self.model = TrajectoryAutoencoder(job, settings, {"codebook": codebook})
        pretraining = self.train("pretraining", self.reconstruct, settings.pretrain_steps)
        if settings.initialise_codebook == "kmeans":
            model.parts.set("codebook", k_means(model.latents(), settings.num_clusters, job.seeds))
        phase = self.train("CAAE", self.objective, settings.train_steps)
        latents = model.latents()
        self.centroids = model.parts.views()["codebook"].detach()
        if settings.assignment == "kmeans":
            self.centroids = k_means(latents, settings.num_clusters, job.seeds)
        return self.result(pretraining, phase, latents=latents)

    def objective(self, parameters: Views, window: Window, batch: Batch) -> Losses:
        """Eq. 4."""
        model, settings, codebook = self.model, self.settings, parameters["codebook"]
        latents = model.network.encode(parameters, window)
        reconstruction = model.reconstruction(parameters, window, latents)
        attraction = attracted(latents, codebook, settings.codebook_share).mean(-1)
        separation = separated(codebook)
        regulariser = settings.attraction * attraction - settings.separation * separation
        losses = {"reconstruction": reconstruction, "attraction": attraction, "separation": separation}
        return {"loss": reconstruction + regulariser / model.mean_steps, **losses, **collapse_facts(codebook)}


def attracted(latents: Latents, codebook: Centroids, codebook_share: float | None) -> Float[Tensor, "seeds batch"]:
    """``min_j ||mu_j - z||^2`` (Eq. 4), its gradient split between codebook and latents unless the share is None."""
    if codebook_share is None:
        return squared_distances(latents, codebook).amin(-1)
    of_codebook = squared_distances(latents.detach(), codebook).amin(-1)
    of_latents = squared_distances(latents, codebook.detach()).amin(-1)
    return codebook_share * of_codebook + (1 - codebook_share) * of_latents


def separated(codebook: Centroids) -> Float[Tensor, "seeds"]:
    """``1/m^2 sum_ij min(1, ||mu_i - mu_j||^2)``, at most ``1 - 1/m``."""
    return 2 * pairwise(codebook).clamp(max=1).sum(-1) / codebook.shape[1] ** 2
