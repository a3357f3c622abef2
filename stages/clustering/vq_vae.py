"""Vector-quantised autoencoder (VQ-VAE): the decoder is told the nearest entry of a codebook instead of the latent.

An episode's latent is replaced by the nearest code; the gradient passes straight through to the encoder. The codebook
follows the latents that choose its codes, and the latents are held near the codes they choose.

Objective:  ``- sum_t log P(a_t | e, s_t)  +  codebook_weight |sg(z) - e|^2  +  commitment_weight |z - sg(e)|^2`` per
            window, e the code nearest to z, sg: no gradient, ``|.|^2`` the mean of squares over the latent.
Clusters:   K-means on the latents z before quantisation (`labels_from: kmeans`), or the codes (``codes``; then there
            are `num_clusters` of them).
Source:     van den Oord, Vinyals, Kavukcuoglu: Neural Discrete Representation Learning, NeurIPS 2017, Eqs. 2-3; as a
            baseline in Hu, Wang, Du: Policy-Based Trajectory Clustering in Offline Reinforcement Learning, UAI 2026.

Deviations: in the baseline's released code both terms square the mean difference and stop the gradient at the codebook,
which therefore never trains; here they are as in the source. Codes that no window of the last `revival_steps` steps has
chosen move to latents drawn at random from the newest batch. The autoencoder is pretrained without codes and K-means
places them, since otherwise all latents would begin at one code. Of `restarts` runs the one with the least objective is
kept: on two far apart policies single runs end in a poor optimum for a tenth of the seeds, or a quarter with longer
training, and rounding decides which; those runs are among the worst by the objective.

Symbols: codebook = e, commitment_weight = beta.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, Phase, TrajectoryAutoencoder
from stages.clustering.autoencoders.centroids import Centroids, Latents, collapse_facts, k_means, squared_distances
from stages.clustering.autoencoders.method import AutoencoderMethod
from stages.clustering.autoencoders.window import Window
from stages.clustering.contract import Clustering
from stages.datasets.episodes import EpisodeDataset
from stages.networks.sequences.parts import Block, Views
from stages.seeding import generators
from stages.training.learner import Losses, Update
from stages.training.restarts import best_runs, run_seeds
from stages.training.rows import Batch


class VqVaeSettings(AutoencoderSettings):
    """VQ-VAE."""

    pretrain_steps: int = Field(1000, ge=0, description="gradient steps of the autoencoder without codes, at first")
    train_steps: int = Field(1000, ge=1, description="gradient steps with the codebook")
    codebook_size: int = Field(16, ge=1, description="codes; with labels_from codes there are num_clusters instead")
    codebook_weight: float = Field(1.0, ge=0, description="weight of the codes' distance from latents")
    commitment_weight: float = Field(0.25, ge=0, description="weight of the latents' distance from codes, beta")
    restarts: int = Field(3, ge=1, description="runs of which the one with the least objective is kept")
    revival_steps: int = Field(100, ge=1, description="steps after which an unused code moves to a latent")
    labels_from: Literal["kmeans", "codes"] = Field("kmeans", description="clusters: K-means on latents, or codes")


@CLUSTERING.register("vq_vae", VqVaeSettings)
class VqVae(AutoencoderMethod):
    """VQ-VAE for a block of seeds; the runs of a seed lie side by side, as if they were seeds of their own."""

    settings: VqVaeSettings
    kept: Int[Tensor, "seeds"]  # the best run of each seed

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        from_codes = settings.labels_from == "codes"
        size = settings.num_clusters if from_codes else settings.codebook_size
        runs = replace(job, seeds=run_seeds(job.seeds, settings.restarts))
        model = self.model = TrajectoryAutoencoder(
            runs, settings, {"codebook": Block((size, settings.latent_width), 0.0)}
        )
        pretraining = self.train("pretraining", self.reconstruct, settings.pretrain_steps)
        model.parts.set("codebook", k_means(model.latents(), size, runs.seeds))
        phase = self.quantisation = Quantisation(model, settings)
        phase.train()
        self.kept = best_runs(phase.whole_objective(), settings.restarts)
        for trained in (pretraining, phase):
            trained.keep(self.kept)
        latents = model.latents()[self.kept]
        self.centroids = phase.codebook[self.kept] if from_codes else k_means(latents, settings.num_clusters, job.seeds)
        return self.result(pretraining, phase, latents=latents)

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        return self.assign(self.model.latents(dataset)[self.kept]).cpu()


class Quantisation(Phase):
    """The second phase: encoder, decoder and codebook together."""

    def __init__(self, model: TrajectoryAutoencoder, settings: VqVaeSettings) -> None:
        super().__init__(model, self.objective, settings.train_steps, "VQ-VAE")
        self.settings = settings
        shape = self.codebook.shape[:2]
        self.used = torch.zeros(shape, dtype=torch.bool, device=model.job.device)
        self.revivals = torch.zeros((), dtype=torch.int64)
        self.updates.append(Update(self.revive, every=settings.revival_steps, eager=True))

    @property
    def codebook(self) -> Centroids:
        return self.model.parts.views()["codebook"].detach()

    def objective(self, parameters: Views, window: Window, batch: Batch) -> Losses:
        """Reconstruction from codes, and the distances between codes and latents."""
        model, settings = self.model, self.settings
        latents = model.network.encode(parameters, window)
        chosen, codes = quantised(latents, parameters["codebook"])
        self.used |= chosen.detach().amax(1) > 0
        passed = latents + (codes - latents).detach()
        reconstruction = model.reconstruction(parameters, window, passed)
        moving = (codes - latents.detach()).square().mean((1, 2))
        commitment = (latents - codes.detach()).square().mean((1, 2))
        distances = settings.codebook_weight * moving + settings.commitment_weight * commitment
        loss = reconstruction + distances / model.mean_steps
        facts = {"codes in use": (chosen.amax(1) > 0).float().sum(-1), **collapse_facts(parameters["codebook"])}
        return {"loss": loss, "reconstruction": reconstruction, "commitment": commitment, **facts}

    @torch.no_grad()
    def whole_objective(self) -> Float[Tensor, "runs"]:
        """The objective of every run over all windows of the dataset, in nats per step."""
        windows, views = self.model.windows, self.model.parts.views()
        parts = [
            len(episodes) * self.objective(views, window, {})["loss"]
            for episodes, window in windows.consecutive(self.settings.batch_windows)
        ]
        return torch.stack(parts).sum(0) / windows.per_episode.sum()

    @torch.no_grad()
    def revive(self, batch: Batch) -> Losses:
        """Move the codes that nothing chose lately to latents of the batch, drawn at random."""
        latents = self.model.network.encode(self.model.parts.views(), self.drawn(batch))
        seeds, position = self.model.job.seeds, int(self.revivals)
        drawn = [
            candidates[
                torch.from_numpy(generator.integers(0, len(candidates), self.used.shape[1])).to(candidates.device)
            ]
            for candidates, generator in zip(latents, generators(seeds, "revived codes", position), strict=True)
        ]
        kept = self.used | ~self.model.parts.running[:, None]
        self.codebook.copy_(torch.where(kept[..., None], self.codebook, torch.stack(drawn)))
        self.used.zero_()
        self.revivals += 1
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return {**super().tensors(), "used": self.used, "revivals": self.revivals}


def quantised(latents: Latents, codebook: Centroids) -> tuple[Tensor, Latents]:
    """The choice of code for each latent, ``[seeds, batch, codes]`` of 0 and 1, and the code itself."""
    index = squared_distances(latents.detach(), codebook.detach()).argmin(-1)
    chosen = torch.nn.functional.one_hot(index, codebook.shape[1]).to(latents.dtype)
    return chosen, chosen @ codebook
