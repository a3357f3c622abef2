"""Variational autoencoder, then K-means on the latents.

The encoder gives each episode a normal distribution of latents, from which the one that the decoder is told is drawn;
a prior keeps the distributions together, so that near latents mean like policies.

Objective:  ``- sum_t log P(a_t | z, s_t)  +  kl_weight KL(N(m, v) || N(0, 1))`` per window, z drawn from N(m, v).
Clusters:   K-means on the means m (`cluster_on: mean`) or on drawn latents as in the released code (`sample`).
Source:     Kingma, Welling: Auto-Encoding Variational Bayes, ICLR 2014. As the baseline "VAE + K-means" in Hu, Wang,
            Du: Policy-Based Trajectory Clustering in Offline Reinforcement Learning, UAI 2026 (KL weight 0.5).

Deviations: the clusters are found on means by default; a draw only adds noise to them.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, TrajectoryAutoencoder
from stages.clustering.autoencoders.centroids import k_means
from stages.clustering.autoencoders.method import AutoencoderMethod
from stages.clustering.autoencoders.window import Window
from stages.clustering.contract import Clustering
from stages.networks.gaussian import mean_and_log_std
from stages.networks.sequences.parts import Views
from stages.seeding import generators
from stages.training.learner import Losses
from stages.training.rows import Batch


class VaeKmeansSettings(AutoencoderSettings):
    """VAE + K-means."""

    kl_weight: float = Field(0.5, ge=0, description="weight of the divergence from the prior")
    cluster_on: Literal["mean", "sample"] = Field("mean", description="K-means on means, or on latents drawn")


@CLUSTERING.register("vae_kmeans", VaeKmeansSettings)
class VaeKmeans(AutoencoderMethod):
    """VAE + K-means for a block of seeds."""

    settings: VaeKmeansSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        self.model = TrajectoryAutoencoder(job, settings, encoder_outputs=2 * settings.latent_width)
        phase = self.train("VAE", self.objective, settings.train_steps, {"latent": settings.latent_width})
        mean, log_std = mean_and_log_std(self.model.encoded())
        latents = mean
        if settings.cluster_on == "sample":
            drawn = [g.standard_normal(mean.shape[1:], dtype=np.float32) for g in generators(job.seeds, "latents")]
            latents = mean + torch.exp(log_std) * torch.from_numpy(np.stack(drawn)).to(mean)
        self.centroids = k_means(latents, settings.num_clusters, job.seeds)
        return self.result(phase, latents=latents)

    def objective(self, parameters: Views, window: Window, batch: Batch) -> Losses:
        """Reconstruction from a drawn latent, and divergence from the prior."""
        mean, log_std = mean_and_log_std(self.model.network.encode(parameters, window))
        latents = mean + torch.exp(log_std) * batch["latent"][:, 0]
        reconstruction = self.model.reconstruction(parameters, window, latents)
        divergence = divergence_from_prior(mean, log_std).mean(-1) / self.model.mean_steps
        loss = reconstruction + self.settings.kl_weight * divergence
        return {"loss": loss, "reconstruction": reconstruction, "divergence": divergence}


def divergence_from_prior(
    mean: Float[Tensor, "*batch latent"], log_std: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """``KL(N(m, v) || N(0, 1)) = 1/2 sum (m^2 + v - 1 - log v)``, in nats."""
    return (0.5 * (mean.square() + torch.exp(2 * log_std) - 1) - log_std).sum(-1)
