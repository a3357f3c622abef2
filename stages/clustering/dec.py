"""Deep embedded clustering (DEC) of episodes, with the recipe of its own paper.

An autoencoder is pretrained, K-means places the centres among its latents, and then encoder and centres are trained
so that each episode becomes surer of its cluster: soft assignments q are drawn towards their own sharpened version p.

Assignment (Eq. 1):  ``q_ij  proportional to  1 / (1 + ||z_i - mu_j||^2)`` (Student's t with one degree of freedom).
Target (Eq. 3):      ``p_ij  proportional to  q_ij^2 / sum_i q_ij``, of all episodes at once, renewed now and then.
Objective (Eq. 2):   ``KL(p || q)``; here ``- sum_t log P(a_t | z, s_t)  +  divergence_weight KL(p || q)`` per window.
Clusters:            ``argmax_j q_ij``; a seed stops once fewer than `changed_share` of the labels change at a renewal.
Source:              Xie, Girshick, Farhadi: Unsupervised Deep Embedding for Clustering Analysis, ICML 2016, Eqs. 1-3.
                     As a baseline with action reconstruction in Hu, Wang, Du: Policy-Based Trajectory Clustering in
                     Offline Reinforcement Learning, UAI 2026 (weight 0.5).

Deviations: reconstruction goes on beside the divergence (as in the baseline, unlike DEC), which keeps the latents from
forgetting the actions. The baseline's released code has neither pretraining nor K-means and sharpens q within each
minibatch; there all of it would start from centres among which nothing lies.

Symbols: centroids = mu.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, Phase, TrajectoryAutoencoder
from stages.clustering.autoencoders.centroids import Centroids, Latents, collapse_facts, k_means, squared_distances
from stages.clustering.autoencoders.method import AutoencoderMethod
from stages.clustering.autoencoders.window import Window
from stages.clustering.contract import Clustering, empty_history
from stages.networks.sequences.parts import Block, Views
from stages.training.episode_table import EpisodeTable
from stages.training.learner import Losses, Update
from stages.training.rows import Batch

Assignment = Float[Tensor, "seeds episodes clusters"]


class DecSettings(AutoencoderSettings):
    """DEC."""

    pretrain_steps: int = Field(1500, ge=0, description="gradient steps of the autoencoder alone, at first")
    train_steps: int = Field(500, ge=1, description="gradient steps of clustering, at most")
    divergence_weight: float = Field(0.5, ge=0, description="weight of KL(p || q) beside the reconstruction")
    renewal_steps: int = Field(100, ge=1, description="gradient steps from one target p to the next")
    changed_share: float = Field(
        0.001, ge=0, lt=1, description="stop a seed when a smaller share of its labels changes at a renewal"
    )


@CLUSTERING.register("dec", DecSettings)
class Dec(AutoencoderMethod):
    """DEC for a block of seeds."""

    settings: DecSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        centres = Block((settings.num_clusters, settings.latent_width), 0.0)
        self.model = TrajectoryAutoencoder(job, settings, {"centroids": centres})
        pretraining = self.train("pretraining", self.reconstruct, settings.pretrain_steps)
        self.model.parts.set("centroids", k_means(self.model.latents(), settings.num_clusters, job.seeds))
        phase = Embedding(self.model, settings)
        phase.train()
        self.centroids = phase.centroids
        return self.result(
            pretraining,
            phase,
            latents=self.model.latents(),
            history_labels=phase.history_labels,
            converged=phase.settled.tolist(),
        )

    def assign(self, latents: Latents) -> Assignment:
        return soft_assignment(latents, self.centroids)


class Embedding(Phase):
    """The second phase: encoder, decoder and centres on reconstruction and divergence from the target."""

    settings: DecSettings

    def __init__(self, model: TrajectoryAutoencoder, settings: DecSettings) -> None:
        super().__init__(model, self.divergence, settings.train_steps, "DEC")
        self.settings = settings
        seeds, episodes = len(model.job.seeds), model.job.dataset.num_episodes
        self.renewals = torch.zeros((), dtype=torch.int64)
        self.settled = torch.zeros(seeds, dtype=torch.bool)
        count = 1 + settings.train_steps // settings.renewal_steps
        self.history_labels, _ = empty_history(count, seeds, episodes)
        self.target = EpisodeTable(torch.empty(seeds, episodes, settings.num_clusters, device=model.job.device))
        self.updates.append(Update(self.renew, every=settings.renewal_steps, eager=True))
        self.renew({})

    @property
    def centroids(self) -> Centroids:
        return self.model.parts.views()["centroids"].detach()

    def divergence(self, parameters: Views, window: Window, batch: Batch) -> Losses:
        """Reconstruction, and divergence of the windows' assignments from their episodes' targets."""
        latents = self.model.network.encode(parameters, window)
        reconstruction = self.model.reconstruction(parameters, window, latents)
        target = self.target.rows_of(batch)[:, 0]
        log_q = torch.log(soft_assignment(latents, parameters["centroids"]))
        divergence = (torch.xlogy(target, target) - target * log_q).sum(-1).mean(-1) / self.model.mean_steps
        loss = reconstruction + self.settings.divergence_weight * divergence
        facts = collapse_facts(parameters["centroids"])
        return {"loss": loss, "reconstruction": reconstruction, "divergence": divergence, **facts}

    def renew(self, batch: Batch) -> Losses:
        """Set the target from the assignments of all episodes, and stop the seeds whose labels hardly change."""
        assignment = soft_assignment(self.model.latents(), self.centroids)
        self.target.values.copy_(sharpened(assignment))
        running, now = self.model.parts.running.cpu(), int(self.renewals)
        labels = assignment.argmax(-1).cpu().to(torch.int16)
        self.history_labels[now, running] = labels[running]
        if now > 0:
            changed = (labels != self.history_labels[now - 1]).double().mean(-1)
            self.settled |= running & (changed < self.settings.changed_share)
            self.model.parts.stop(self.settled)
        self.renewals += 1
        return {}

    def tensors(self) -> dict[str, Tensor]:
        renewed = {"target": self.target.values, "renewals": self.renewals, "settled": self.settled}
        return {**super().tensors(), **renewed, "history_labels": self.history_labels}


def soft_assignment(latents: Latents, centroids: Centroids) -> Float[Tensor, "seeds batch clusters"]:
    """Student's t kernel between latents and centres, normalised over centres (Eq. 1)."""
    kernel = 1 / (1 + squared_distances(latents, centroids))
    return kernel / kernel.sum(-1, keepdim=True)


def sharpened(assignment: Assignment) -> Assignment:
    """The target: assignments squared, weighed against large clusters, normalised (Eq. 3)."""
    weighed = assignment.square() / assignment.sum(1, keepdim=True)
    return weighed / weighed.sum(-1, keepdim=True)
