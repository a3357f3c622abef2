"""Embeddings without an encoder: a free vector per episode is trained with the policy that is told it.

The embedding of any episode, unseen or not, is the vector that explains its actions best to the trained policy, found
by gradient steps from zero on evenly spaced steps of the episode, so that it depends on nothing but the episode.
"""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.contract import Embedder, EmbeddingSettings
from stages.embeddings.policies.episode_steps import EpisodeSteps
from stages.embeddings.policies.told import ToldPolicy
from stages.networks.sequences.parts import Block, Parts, Views
from stages.seeding import generators
from stages.settings import Widths
from stages.training.draws import EpochDraws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.seedwise_adam import SeedwiseAdam
from stages.training.trainable_parts import TrainableParts

FIRST_DEVIATION = 0.01  # of the vectors of training episodes
EPISODES_AT_ONCE = 64


class AutoDecodingSettings(EmbeddingSettings):
    """Free vectors, policy, and their training."""

    latent: int = Field(10, ge=1, description="length of the embedding")
    hidden_sizes: Widths = Field((64, 64), min_length=1, description="hidden layers of the policy")
    train_steps: int = Field(2000, ge=1, description="gradient steps of policy and vectors")
    batch_episodes: int = Field(16, ge=1, description="episodes per gradient step")
    transitions: int = Field(64, ge=1, description="steps of each episode per gradient step")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size of training")
    clip_norm: float = Field(10.0, gt=0, description="largest norm of a gradient")
    ridge: float = Field(1.0e-3, ge=0, description="price of a vector's squared length, in nats per action")
    fit_steps: int = Field(100, ge=1, description="gradient steps that find an episode's vector")
    fit_rate: float = Field(0.05, gt=0, description="Adam step size of these")


class AutoDecoder(Embedder):
    """The vector of each episode that explains it best; a method says how a policy is told it."""

    settings: AutoDecodingSettings

    @abstractmethod
    def policy(self) -> ToldPolicy:
        """The policy that is told the vectors."""

    def learn(self, job: Job) -> None:
        settings, policy = self.settings, self.policy()
        table = Block((job.dataset.num_episodes, settings.latent), FIRST_DEVIATION, normal=True)
        parts = TrainableParts(
            {**policy.parts, "vectors": table},
            generators(job.seeds, "auto-decoder"),
            settings.learning_rate,
            settings.clip_norm,
            job.device,
        )
        learner = AutoDecoderLearner(policy, parts, EpisodeSteps(self.steps, job.dataset, job.device), settings.ridge)
        rows = Rows({"episode": torch.arange(job.dataset.num_episodes)}, job.device)
        noise = {"places": settings.transitions}
        draws = EpochDraws(job.seeds, len(rows), settings.batch_episodes, noise, "episodes to decode")
        self.metrics = job.train("vectors", learner, rows, draws, settings.train_steps).tensors()
        views = parts.views()
        self.tensors["parameters"] = torch.cat([views[name].detach().flatten() for name in policy.parts])

    def raw(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes latent"]:
        policy = self.policy()
        views = Parts(policy.parts, len(self.seeds)).views(self.tensors["parameters"])
        steps = EpisodeSteps(self.steps, dataset, self.device)
        episodes = torch.arange(dataset.num_episodes, device=self.device)
        return torch.cat([self._fitted(policy, views, steps, few) for few in episodes.split(EPISODES_AT_ONCE)], dim=1)

    @torch.enable_grad()
    def _fitted(
        self, policy: ToldPolicy, views: Views, steps: EpisodeSteps, episodes: Tensor
    ) -> Float[Tensor, "seeds some latent"]:
        """The vectors of some episodes."""
        seeds, settings = len(self.seeds), self.settings
        observations, actions = steps.evenly(episodes.expand(seeds, -1), settings.transitions)
        start = torch.zeros(seeds, len(episodes) * settings.latent)
        vectors = SeedwiseAdam(start, settings.fit_rate, self.device)
        for _ in range(settings.fit_steps):
            latents = vectors.parameters.view(seeds, len(episodes), settings.latent)
            likelihood = policy.log_prob(views, observations, latents, actions).mean(-1)
            vectors.minimise(settings.ridge * latents.square().sum(-1) - likelihood)
        return vectors.parameters.detach().view(seeds, len(episodes), settings.latent)


class AutoDecoderLearner(Learner):
    """Trains the policy and the vectors of the training episodes together.

    Args:
        policy: Is told a vector.
        parts: Its parameters, and ``vectors``.
        steps: States and actions of the training episodes.
        ridge: Price of a vector's squared length.
    """

    def __init__(self, policy: ToldPolicy, parts: TrainableParts, steps: EpisodeSteps, ridge: float) -> None:
        self.policy, self.parts, self.steps, self.ridge = policy, parts, steps, ridge
        self.updates = [Update(self.step)]

    def step(self, batch: Batch) -> Losses:
        """One step on some steps of the drawn episodes: ``- log pi(a | s, e) + ridge |e|^2``."""
        parameters, episodes = self.parts.views(), batch["episode"][:, 0, :, 0].long()
        latents = parameters["vectors"][torch.arange(len(episodes), device=episodes.device)[:, None], episodes]
        observations, actions = self.steps.at_random(episodes, batch["places"][:, 0])
        cloning = -self.policy.log_prob(parameters, observations, latents, actions).mean((1, 2))
        loss = cloning + self.ridge * latents.square().sum(-1).mean(1)
        self.parts.minimise(loss)
        return {"loss": loss.detach(), "cloning": cloning.detach()}

    def tensors(self) -> dict[str, Tensor]:
        return self.parts.tensors()
