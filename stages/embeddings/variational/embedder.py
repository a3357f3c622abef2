"""Embeddings that are the latent of a variational autoencoder over episodes: settings, training, collapse.

A dimension is active if its posterior mean varies over the training episodes by more than .01 (Burda, Grosse,
Salakhutdinov: Importance Weighted Autoencoders, 2016). Without active dimensions the latent has collapsed: the decoder
gets on without it, and no probe will find anything.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import torch
from jaxtyping import Float
from pydantic import Field, model_validator
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.contract import Embedder, EmbeddingSettings
from stages.embeddings.policies.conditional import ConditionalPolicy
from stages.embeddings.policies.episode_steps import EpisodeSteps
from stages.embeddings.variational.encoder import Attention, Posterior, TrajectoryEncoder
from stages.embeddings.variational.learner import VariationalLearner, divergence
from stages.embeddings.variational.tokens import Tokens
from stages.networks.sequences.parts import Parts
from stages.seeding import generators
from stages.settings import Widths
from stages.training.draws import EpochDraws
from stages.training.job import Job
from stages.training.rows import Rows
from stages.training.trainable_parts import TrainableParts

ACTIVE = 0.01
LEAST_SPREAD = 1e-3  # of what is said of steps
EPISODES_AT_ONCE = 32


class VariationalSettings(EmbeddingSettings):
    """Encoder, decoder and their training."""

    latent: int = Field(10, ge=1, description="length of the embedding")
    width: int = Field(64, ge=2, description="numbers per token")
    num_layers: int = Field(2, ge=1, description="blocks of the transformer")
    num_heads: int = Field(4, ge=1, description="attention heads, a divisor of the width; bare attention has one")
    attention: Attention = Field("standard", description="blocks of the transformer: standard, or bare as released")
    stride: int = Field(4, ge=1, description="steps from one token to the next")
    hidden_sizes: Widths = Field((64, 64), description="hidden layers of the decoder")
    train_steps: int = Field(1000, ge=0, description="gradient steps; 0: a random encoder")
    batch_episodes: int = Field(16, ge=1, description="episodes per gradient step")
    transitions: int = Field(64, ge=1, description="steps of each episode that the decoder is trained on at once")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size")
    clip_norm: float = Field(1.0, gt=0, description="largest norm of a gradient")
    kl_weight: float = Field(0.01, ge=0, description="price of a nat of an episode, in nats per action")
    free_nats: float = Field(0.1, ge=0, description="nats of each dimension that cost nothing")
    warm_up: int = Field(300, ge=0, description="steps over which the price rises from 0")

    @model_validator(mode="after")
    def heads_divide_the_width(self) -> VariationalSettings:
        if self.width % self.num_heads:
            raise ValueError(f"num_heads: {self.num_heads} does not divide the width {self.width}")
        return self


class VariationalEmbedder(Embedder):
    """The posterior mean of each episode; a method says what its tokens are.

    Attributes:
        groups: Names of what `said` says, in the order in which it lies in a token.
    """

    settings: VariationalSettings
    groups: ClassVar[tuple[str, ...]]

    @abstractmethod
    def said(self, dataset: EpisodeDataset) -> dict[str, Float[Tensor, "some steps _"]]:
        """What the encoder is told of every step, by group; of every seed, or of all alike."""

    def learn(self, job: Job) -> None:
        said = self.said(job.dataset)
        for name, values in said.items():
            self.tensors[f"said/{name}/mean"] = values.mean(1, keepdim=True)
            self.tensors[f"said/{name}/deviation"] = values.std(1, correction=0, keepdim=True).clamp(min=LEAST_SPREAD)
        encoder, policy = self._networks()
        settings, tokens = self.settings, self._tokens(job.dataset)
        parts = TrainableParts(
            {**encoder.parts, **policy.parts},
            generators(job.seeds, "variational embedding"),
            settings.learning_rate,
            settings.clip_norm,
            job.device,
        )
        if settings.train_steps:
            learner = VariationalLearner(
                encoder, policy, parts, tokens, EpisodeSteps(self.steps, job.dataset, job.device),
                settings.kl_weight, settings.free_nats, settings.warm_up,
            )  # fmt: skip
            rows = Rows({"episode": torch.arange(job.dataset.num_episodes)}, job.device)
            noise = {"latent": settings.latent, "places": settings.transitions}
            draws = EpochDraws(job.seeds, len(rows), settings.batch_episodes, noise, "episodes to embed")
            self.metrics = job.train("embedding", learner, rows, draws, settings.train_steps).tensors()
        self.tensors["parameters"] = parts.parameters.detach()
        self._judge(tokens)

    def raw(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes latent"]:
        return self._posterior(self._tokens(dataset))[0]

    @torch.no_grad()
    def _posterior(self, tokens: Tokens) -> Posterior:
        """Mean and log-variance of all episodes, some at a time."""
        encoder, policy = self._networks()
        parts = Parts({**encoder.parts, **policy.parts}, len(self.seeds))
        views = parts.views(self.tensors["parameters"])
        count = tokens.mask.shape[1]
        found = [encoder(views, tokens.slice(i, i + EPISODES_AT_ONCE)) for i in range(0, count, EPISODES_AT_ONCE)]
        means, log_variances = zip(*found, strict=True)
        return torch.cat(means, dim=1), torch.cat(log_variances, dim=1)

    def _networks(self) -> tuple[TrajectoryEncoder, ConditionalPolicy]:
        settings, seeds = self.settings, len(self.seeds)
        groups = {name: self.tensors[f"said/{name}/mean"].shape[-1] for name in self.groups}
        encoder = TrajectoryEncoder(
            groups, seeds, settings.width, settings.num_layers, settings.num_heads, settings.latent, settings.attention
        )
        return encoder, ConditionalPolicy(self.steps, settings.latent, seeds, settings.hidden_sizes)

    def _tokens(self, dataset: EpisodeDataset) -> Tokens:
        said = self.said(dataset)
        scaled = [
            (said[name] - self.tensors[f"said/{name}/mean"]) / self.tensors[f"said/{name}/deviation"]
            for name in self.groups
        ]
        return Tokens.of(torch.cat(scaled, dim=-1), dataset, self.settings.stride)

    def _judge(self, tokens: Tokens) -> None:
        """Keep the divergence of each dimension and which are active; say so where none is."""
        mean, log_variance = self._posterior(tokens)
        active = mean.var(1, correction=0) > ACTIVE
        self.tensors |= {"divergence": divergence(mean, log_variance).mean(1), "active": active}
        for seed, of_seed in zip(self.seeds, active, strict=True):
            if not of_seed.any():
                self.remarks.append(
                    f"seed {seed}: the latent has collapsed, no dimension tells episodes apart; "
                    "lower kl_weight, raise free_nats or train longer"
                )
