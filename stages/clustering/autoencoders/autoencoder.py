"""What the autoencoder methods share: settings, the model of a block of seeds, its training in phases, K-means.

A method trains a `TrajectoryAutoencoder` in one or two phases, each with its own objective, and reads the clusters off
the latents. The reconstruction of every objective is the published sum over the steps of a window (Eq. 4). The whole
objective is divided by the mean number of steps of a window, a constant of the dataset, so that losses are in nats per
step and compare between datasets; the weights of its terms against each other stay as published.

Training draws windows, about as many of an episode as it has steps, see `window`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from jaxtyping import Float, Int
from pydantic import Field
from torch import Tensor

from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.autoencoders.sequence_autoencoder import Pooling, SequenceAutoencoder
from stages.clustering.autoencoders.window import EpisodeWindows, Window
from stages.clustering.contract import ClusteringSettings, empty_history
from stages.datasets.episodes import EpisodeDataset
from stages.networks.heads import head_of
from stages.networks.sequences.parts import Block, Views
from stages.seeding import generators
from stages.training.draws import EpochDraws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable_parts import TrainableParts

Objective = Callable[[Views, Window, Batch], Losses]
LONGEST_PERIOD = 50  # steps that a score is averaged over
JUDGED_PERIODS = 10


class AutoencoderSettings(ClusteringSettings):
    """Autoencoder and its training; the released code has 512 episodes per step and hidden layers of 128."""

    learning_rate: float = Field(2.0e-3, gt=0, description="Adam step size while clustering")
    train_steps: int = Field(2000, ge=1, description="gradient steps")
    batch_windows: int = Field(256, ge=1, description="windows of episodes per gradient step")
    window: int = Field(50, ge=1, description="longest stretch of an episode that the encoder reads at once, in steps")
    clip_norm: float = Field(0.5, gt=0, description="largest norm of a gradient")
    width: int = Field(64, ge=1, description="hidden layers of encoder and decoder")
    recurrent_width: int = Field(8, ge=1, description="state of the encoder's GRU")
    latent_width: int = Field(32, ge=1, description="length of an episode's latent")
    pooling: Pooling = Field("attention", description="how states become one latent")
    tolerance: float = Field(
        1.0e-3, gt=0, description="converged: the score is so near its mean of the last ten periods, nats per step"
    )
    stop_early: bool = Field(False, description="stop a seed that has converged; plateaus deceive it")


class TrajectoryAutoencoder:
    """Networks of a block of seeds and the windows they are trained on.

    Args:
        job: Dataset, seeds, device.
        settings: Sizes and step size.
        more: Further arrays to be trained, such as a codebook.
        encoder_outputs: See `SequenceAutoencoder`; default: the latent's length.
    """

    def __init__(
        self,
        job: Job,
        settings: AutoencoderSettings,
        more: Mapping[str, Block] | None = None,
        encoder_outputs: int | None = None,
    ) -> None:
        rows = behaviour_rows(job)
        self.job, self.settings = job, settings
        self.windows = EpisodeWindows(rows, job.dataset, settings.window)
        self.mean_steps = self.windows.mean_steps
        self.network = SequenceAutoencoder(
            len(job.seeds),
            rows.widths["observations"],
            head_of(job.dataset),
            job.dataset.num_actions,
            settings.width,
            settings.recurrent_width,
            settings.latent_width,
            encoder_outputs or settings.latent_width,
            settings.pooling,
        )
        parts = {**self.network.parts, **(more or {})}
        drawn = generators(job.seeds, "autoencoder")
        self.parts = TrainableParts(parts, drawn, settings.learning_rate, settings.clip_norm, job.device)

    def reconstruction(
        self, parameters: Views, window: Window, latents: Float[Tensor, "seeds batch latent"]
    ) -> Float[Tensor, "seeds"]:
        """``- sum_t log P(a_t | z, s_t)``, averaged over windows, in nats per step."""
        return -self.network.log_prob(parameters, window, latents).mean(-1) / self.mean_steps

    def latents(self, dataset: EpisodeDataset | None = None) -> Float[Tensor, "seeds episodes latent"]:
        """The latent of every episode of the job's dataset, or of another: the mean over its windows."""
        return self.encoded(dataset)[..., : self.settings.latent_width]

    @torch.no_grad()
    def encoded(self, dataset: EpisodeDataset | None = None) -> Float[Tensor, "seeds episodes outputs"]:
        """All that the encoder puts out for every episode, as the mean over its windows."""
        windows = self.windows
        if dataset is not None:
            windows = EpisodeWindows(behaviour_rows(self.job, dataset), dataset, self.settings.window)
        parameters = self.parts.views()
        width = self.network.encoder_outputs
        sums = self.parts.parameters.new_zeros(len(self.job.seeds), len(windows.per_episode), width)
        for episodes, window in windows.consecutive(self.settings.batch_windows):
            sums.index_add_(1, episodes, self.network.encode(parameters, window))
        return sums / windows.per_episode[:, None]


class Phase(Learner):
    """Trains a `TrajectoryAutoencoder` on one objective.

    Args:
        model: What is trained.
        objective: Losses of a window by name; the one called ``loss`` is minimised.
        num_steps: Gradient steps.
        label: Name of the phase, for progress and checkpoints; its draws are its own.
        noise: Width of each named noise array that the objective needs.
    """

    def __init__(
        self,
        model: TrajectoryAutoencoder,
        objective: Objective,
        num_steps: int,
        label: str,
        noise: Mapping[str, int] | None = None,
    ) -> None:
        self.model, self.objective, self.num_steps, self.label = model, objective, num_steps, label
        self.metrics: dict[str, Tensor] = {}
        job, settings = model.job, model.settings
        self.rows = Rows({"episode": model.windows.episodes}, job.device)
        noises = {"window": 1, **(noise or {})}
        self.draws = EpochDraws(job.seeds, len(self.rows), settings.batch_windows, noises, f"windows of {label}")
        self.period_steps = max(1, min(LONGEST_PERIOD, num_steps))
        self.sum = torch.zeros(len(job.seeds), device=job.device)
        self.period = torch.zeros((), dtype=torch.int64)
        _, self.score_history = empty_history(num_steps // self.period_steps, len(job.seeds), 0)
        self.converged = torch.zeros(len(job.seeds), dtype=torch.bool)
        self.updates = [Update(self.step), Update(self.end_period, every=self.period_steps, eager=True)]
        model.parts.restart()

    def step(self, batch: Batch) -> Losses:
        """One step on a window of each drawn episode."""
        parameters = self.model.parts.views()
        losses = self.objective(parameters, self.drawn(batch), batch)
        self.model.parts.minimise(losses["loss"])
        self.sum += losses["loss"].detach()
        return {name: loss.detach() for name, loss in losses.items()}

    def drawn(self, batch: Batch) -> Window:
        """The windows of a batch."""
        return self.model.windows.at_random(batch["episode"][:, 0, :, 0].long(), batch["window"][:, 0, :, 0])

    def end_period(self, batch: Batch) -> Losses:
        """Note the score of each seed that is running, and judge whether it still changes."""
        period, settings = int(self.period), self.model.settings
        running = self.model.parts.running.cpu()
        score = -(self.sum / self.period_steps).double().cpu()
        self.score_history[period, running] = score[running]
        if period >= JUDGED_PERIODS:
            before = self.score_history[period - JUDGED_PERIODS : period].mean(0)
            self.converged[running] = ((score - before).abs() < settings.tolerance)[running]
        if settings.stop_early:
            self.model.parts.stop(self.converged)
        self.period += 1
        self.sum.zero_()
        return {}

    def finished(self) -> bool:
        return not bool(self.model.parts.running.any())

    def tensors(self) -> dict[str, Tensor]:
        return {
            **self.model.parts.tensors(),
            "sum": self.sum,
            "period": self.period,
            "score_history": self.score_history,
            "converged": self.converged,
        }

    def train(self) -> None:
        """Train to the end, and keep the losses over training as `metrics`."""
        if self.num_steps > 0:
            self.metrics = self.model.job.train(self.label, self, self.rows, self.draws, self.num_steps).tensors()

    def keep(self, runs: Int[Tensor, "kept"]) -> None:
        """Report the chosen runs alone, as if there had been no others."""
        runs = runs.cpu()
        self.score_history, self.converged = self.score_history[:, runs], self.converged[runs]
        self.metrics = {
            name: values[:, runs] if name.endswith("/values") else values for name, values in self.metrics.items()
        }
