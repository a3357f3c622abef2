"""What an imitator is given and what it gives, the same for all: a policy of state and embedding, one per seed.

The policy learns from the training episodes, each with its embedding. It is judged on those of the other episodes,
level by level: a level's rollouts take the embeddings of its unseen episodes in turn.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from pydantic import Field
from torch import Tensor

from stages.artifacts import Artifact, prefixed
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.split import true_policies
from stages.errors import UserError
from stages.ingredients import Ingredient
from stages.networks.action_heads import LOG_DENSITIES
from stages.networks.ensemble import Ensemble
from stages.seeding import Seeds, generator, generators
from stages.settings import Settings, Widths
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.learner import Learner
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable

Vectors = Float[np.ndarray, "seeds episodes width"]


class ImitatorSettings(Settings):
    """A policy of state and embedding."""

    num_steps: int = Field(20_000, ge=0, description="gradient steps")
    hidden_sizes: Widths = Field((64, 64, 64), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size of the policy")


class Imitator(Learner):
    """Learner of a policy per seed that reads an embedding beside the state.

    Attributes:
        ingredient: What it is given besides the dataset.
        head: How the policy's outputs become actions, an entry of `LOG_DENSITIES`.
        averaged: Whether the policy that acts is a running average of the one that learns, its target copy.
        noise: Width of each named noise that a step needs.
        width: Numbers that a policy reads.
        rows: A row per step of the training episodes, with the number of its episode.

    Args:
        job: The training episodes, seeds, device.
        settings: Of the method.
        vectors: The embeddings of the training episodes; of width 0 where nothing is told.
        columns: What a row holds besides observation, action and episode.
    """

    ingredient: ClassVar[Ingredient | None] = None
    head: ClassVar[str] = "gaussian"
    averaged: ClassVar[bool] = False
    noise: dict[str, int]

    def __init__(
        self, job: Job, settings: ImitatorSettings, vectors: Vectors, columns: dict[str, Tensor] | None = None
    ) -> None:
        self.job, self.settings, self.noise = job, settings, {}
        self.vectors = torch.from_numpy(vectors).float().to(job.device)
        columns = {"observations": job.observations, "actions": job.actions, **(columns or {})}
        self.rows = Rows(columns | {"episode": torch.from_numpy(job.dataset.episode_of_step)}, job.device)
        self.width = job.observations.shape[1] + vectors.shape[2]
        self.policy = Ensemble((self.width, *settings.hidden_sizes, 2 * job.actions.shape[1]), len(job.seeds))
        drawn, rate = generators(job.seeds, "imitator"), settings.learning_rate
        self.actor = Trainable(self.policy, drawn, rate, job.device, target=self.averaged)

    def inputs(self, batch: Batch, name: str) -> Float[Tensor, "seeds 1 batch width"]:
        """The observations called `name`, beside each the embedding of its row's episode."""
        episodes = batch["episode"][:, 0, :, 0].long()
        vectors = self.vectors[torch.arange(len(episodes), device=episodes.device)[:, None], episodes]
        return torch.cat([batch[name], vectors[:, None]], dim=-1)

    def policy_parameters(self) -> Float[Tensor, "parameters"]:
        """Flat parameters of the policy that acts."""
        average = self.actor.target_parameters
        return self.actor.parameters.detach() if average is None else average

    def tensors(self) -> dict[str, Tensor]:
        return self.actor.tensors()

    def train(self) -> dict[str, Tensor]:
        """Train for all seeds together; the losses."""
        draws = UniformDraws(self.job.seeds, len(self.rows), self.settings.batch_size, noise=self.noise)
        return self.job.train("imitator", self, self.rows, draws, self.settings.num_steps).tensors()

    @torch.no_grad()
    def log_likelihood(self, dataset: EpisodeDataset, vectors: Vectors) -> Float[Tensor, "seeds"]:
        """Mean log-likelihood of an action of some episodes under the `vectors` told, nats of scaled actions."""
        observations = self.job.normaliser.observations(torch.from_numpy(dataset.observations)).to(self.job.device)
        actions = self.job.normaliser.actions_of(dataset).to(self.job.device)
        of_steps = torch.from_numpy(vectors).float().to(self.job.device)[:, dataset.episode_of_step]
        inputs = torch.cat([observations.expand(len(of_steps), *observations.shape), of_steps], dim=-1)
        outputs = self.policy(self.policy_parameters(), inputs[:, None])
        return LOG_DENSITIES[self.head](outputs, actions).mean((1, 2)).cpu()


def imitated(
    imitator: Imitator, dataset: EpisodeDataset, training: Bool[np.ndarray, "episodes"], vectors: Vectors
) -> Artifact:
    """Train an imitator; its policies, and what they are told in rollouts, as a file's contents.

    Args:
        imitator: Of the training episodes.
        dataset: All episodes, with true policies: the levels.
        training: Which of them are the training episodes.
        vectors: The embeddings of all.

    Raises:
        UserError: A level has no episode that was not learnt from.
    """
    levels, unseen = true_policies(dataset), np.flatnonzero(~training)
    if without := sorted(set(range(levels.max() + 1)) - set(levels[unseen])):
        cause = f"policy {without[0]} made no episode that was not learnt from, so none to imitate is left"
        raise UserError(cause, place="training_share", remedy="Lower it, or record more episodes")
    metrics, judged = imitator.train(), dataset.select(unseen)
    others = of_other_levels(levels[unseen], imitator.job.seeds)
    seeds = np.arange(len(imitator.job.seeds))[:, None]
    of_unseen = vectors[:, unseen]
    tensors = {
        "policy/parameters": imitator.policy_parameters(),
        **prefixed("normaliser", imitator.job.normaliser.tensors()),
        **prefixed("metrics", metrics),
        "told/vectors": torch.from_numpy(of_unseen).float(),
        "told/levels": torch.from_numpy(levels[unseen].astype(np.int64)),
        "likelihood/right": imitator.log_likelihood(judged, of_unseen),
        "likelihood/wrong": imitator.log_likelihood(judged, of_unseen[seeds, others]),
    }
    facts = {"policy_sizes": imitator.policy.sizes, "squashed": False, "head": imitator.head}
    return Artifact(tensors, {"kind": "imitator", **facts})


def of_other_levels(levels: Int[np.ndarray, "episodes"], seeds: Seeds) -> Int[np.ndarray, "seeds episodes"]:
    """For each episode one of another level, drawn at random; itself where there is one level."""
    found = np.tile(np.arange(len(levels)), (len(seeds), 1))
    for row, seed in zip(found, seeds, strict=True):
        random = generator(seed, "wrong embeddings")
        for episode, level in enumerate(levels):
            if len(others := np.flatnonzero(levels != level)):
                row[episode] = random.choice(others)
    return found
