"""The autoencoder methods as clustering methods: phases of training, latents, centroids, labels, the common result."""

from __future__ import annotations

from collections.abc import Mapping

from jaxtyping import Float
from torch import Tensor

from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, Objective, Phase, TrajectoryAutoencoder
from stages.clustering.autoencoders.centroids import Centroids, Latents, nearest
from stages.clustering.autoencoders.window import Window
from stages.clustering.contract import Clustering, ClusteringMethod, empty_history
from stages.datasets.episodes import EpisodeDataset
from stages.networks.sequences.parts import Views
from stages.training.learner import Losses
from stages.training.rows import Batch


class AutoencoderMethod(ClusteringMethod):
    """Base of the autoencoder methods; `fit` sets `model`, then `centroids`, and ends in `result`."""

    settings: AutoencoderSettings
    model: TrajectoryAutoencoder
    centroids: Centroids

    def train(self, label: str, objective: Objective, num_steps: int, noise: Mapping[str, int] | None = None) -> Phase:
        """Train the model on one objective; the phase, done."""
        phase = Phase(self.model, objective, num_steps, label, noise)
        phase.train()
        return phase

    def reconstruct(self, parameters: Views, window: Window, batch: Batch) -> Losses:
        """The objective of pretraining: ``- sum_t log P(a_t | z, s_t)``."""
        latents = self.model.network.encode(parameters, window)
        return {"loss": self.model.reconstruction(parameters, window, latents)}

    def assign(self, latents: Latents) -> Float[Tensor, "seeds episodes clusters"]:
        """Responsibilities of the clusters for latents; here all for the nearest centroid."""
        return nearest(latents, self.centroids)

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """Responsibilities of the clusters for unseen episodes, from their latents."""
        return self.assign(self.model.latents(dataset)).cpu()

    def result(
        self,
        *phases: Phase,
        latents: Latents,
        history_labels: Tensor | None = None,
        converged: list[bool] | None = None,
    ) -> Clustering:
        """What was found, with the latents and the policies of the clusters.

        Args:
            phases: Phases of training, in their order; the last one's score is the method's.
            latents: Latents of all episodes.
            history_labels: Assignments over training, where the method makes any.
            converged: Default: whether the last phase's score had stopped changing.
        """
        responsibilities, last = self.assign(latents).cpu(), phases[-1]
        behaviours, refit_losses = self.refitted(responsibilities)
        earlier = {f"{phase.label} {name}": losses for phase in phases[:-1] for name, losses in phase.metrics.items()}
        no_labels, _ = empty_history(0, *latents.shape[:2])
        return Clustering(
            responsibilities=responsibilities,
            behaviours=behaviours,
            normaliser=self.job.normaliser,
            history_labels=no_labels if history_labels is None else history_labels,
            score_history=last.score_history,
            score_name="negative loss per step",
            converged=last.converged.tolist() if converged is None else converged,
            metrics=earlier | last.metrics | refit_losses,
            details={"latents": latents.cpu(), "centroids": self.centroids.cpu()},
        )
