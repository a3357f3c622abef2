"""Classifiers that tell a cluster's steps from others, given examples of the cluster alone (positive, unlabelled)."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.summaries.episode_features import action_values
from stages.datasets.episodes import EpisodeDataset
from stages.networks.ensemble import Ensemble
from stages.seeding import Seeds, generator
from stages.training.device import chunk_rows
from stages.training.draws import Draws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable

VOTERS = 3
UNIFORM_ACTIONS = 10_000


def filter_rows(job: Job, dataset: EpisodeDataset, seed: int = 0) -> Rows:
    """Observations and actions of all steps, and below them 10,000 rows whose actions are uniform over their range."""
    observations = job.encoding(torch.from_numpy(dataset.observations))
    actions = torch.from_numpy(action_values(job, dataset))
    random = generator(seed, "uniform actions")
    if dataset.num_actions is not None:
        uniform = torch.eye(dataset.num_actions)[random.integers(dataset.num_actions, size=UNIFORM_ACTIONS)]
    else:
        uniform = torch.from_numpy(random.uniform(-1, 1, (UNIFORM_ACTIONS, actions.shape[1]))).float()
    unused = torch.zeros(UNIFORM_ACTIONS, observations.shape[1])
    return Rows(
        {"observations": torch.cat([observations, unused]), "actions": torch.cat([actions, uniform])}, job.device
    )


class ExampleDraws(Draws):
    """Positive rows, and for each of them a row whose action makes a negative of it.

    That action is uniform over the range of actions, or that of a random step among `unlabelled`, equally often.

    Args:
        seeds: Seeds of the block; each has three networks with positives of their own.
        positives: Rows of each network.
        unlabelled: Rows of each seed.
        num_rows: Rows of the dataset; those of uniform actions follow.
        batch_size: Positives per step.
        purpose: Distinguishes the draws of this training from others'.
    """

    def __init__(
        self,
        seeds: Seeds,
        positives: list[Int[np.ndarray, "_"]],
        unlabelled: list[Int[np.ndarray, "_"]],
        num_rows: int,
        batch_size: int,
        purpose: str,
    ) -> None:
        super().__init__(range(VOTERS * len(seeds)), num_rows, num_rows, chunk_steps=64)
        self.own_seeds, self.positives, self.unlabelled = seeds, positives, unlabelled
        self.half, self.purpose = batch_size, purpose

    def index_chunk(self, seed: int, position: int) -> np.ndarray:
        """Rows of one network, ``[chunk_steps, 2 * batch_size]``: positives, then the sources of negatives' actions."""
        place, voter = divmod(seed, VOTERS)
        random = generator(self.own_seeds[place], f"{self.purpose}, voter {voter}", position)
        shape = self.chunk_steps, self.half
        positive = self.positives[seed][random.integers(len(self.positives[seed]), size=shape)]
        other = self.unlabelled[place][random.integers(len(self.unlabelled[place]), size=shape)]
        uniform = self.num_rows + random.integers(UNIFORM_ACTIONS, size=shape)
        return np.concatenate([positive, np.where(random.random(shape) < 0.5, uniform, other)], axis=1)


class Filter(Learner):
    """Three classifiers per seed, trained by the binary cross-entropy of positive and negative steps."""

    def __init__(
        self, rows: Rows, seeds: Seeds, hidden_sizes: tuple[int, ...], learning_rate: float, name: str
    ) -> None:
        self.rows = rows
        width = rows.widths["observations"] + rows.widths["actions"]
        drawn = [generator(seed, f"{name}, networks", voter) for seed in seeds for voter in range(VOTERS)]
        ensemble = Ensemble((width, *hidden_sizes, 1), len(drawn))
        self.networks = Trainable(ensemble, drawn, learning_rate, rows.matrix.device)
        self.updates = [Update(self.step)]

    def step(self, batch: Batch) -> Losses:
        """One gradient step."""
        observations, actions = batch["observations"], batch["actions"]
        half = actions.shape[2] // 2
        states = observations[:, :, :half].repeat(1, 1, 2, 1)
        logits = self.networks(torch.cat([states, actions], dim=-1))[:, 0, :, 0]
        truth = (torch.arange(2 * half, device=logits.device) < half).float().expand_as(logits)
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none").mean(-1)
        self.networks.minimise(loss)
        return {"filter": loss}

    def tensors(self) -> dict[str, Tensor]:
        return self.networks.tensors()


def spaced_steps(dataset: EpisodeDataset, most: int) -> Int[np.ndarray, "episodes steps"]:
    """Rows of evenly spaced steps of each episode: as many as episodes have on average, at most `most`.

    Episodes with fewer steps have some of them more than once.
    """
    count = min(most, round(float(dataset.episode_lengths.mean())))
    middles = (np.arange(count) + 0.5) / count
    index: np.ndarray = dataset.episode_starts[:, None] + (middles * dataset.episode_lengths[:, None]).astype(np.int64)
    return index


@torch.no_grad()
def episode_scores(
    networks: Trainable, rows: Rows, index: Int[np.ndarray, "episodes steps"]
) -> Float[np.ndarray, "seeds voters episodes"]:
    """Mean probability of the chosen steps of each episode to belong to the cluster, by each voter.

    Args:
        networks: Three classifiers per seed.
        rows: Where the steps are.
        index: Rows of the steps of each episode that are looked at.
    """
    count = networks.ensemble.num_seeds
    step = max(1, chunk_rows(rows.matrix.device, count) // index.shape[1])
    parts = []
    for start in range(0, len(index), step):
        chosen = torch.from_numpy(index[start : start + step].reshape(-1)).to(rows.matrix.device)
        batch = rows.gather(chosen[None])
        inputs = torch.cat([batch["observations"], batch["actions"]], dim=-1)
        logits = networks(inputs.expand(count, -1, -1, -1))[:, 0, :, 0]
        parts.append(torch.sigmoid(logits).view(count, -1, index.shape[1]).mean(-1))
    return torch.cat(parts, dim=1).view(-1, VOTERS, len(index)).cpu().double().numpy()
