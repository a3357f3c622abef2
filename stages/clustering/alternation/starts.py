"""Assignments that iterative methods start from."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from stages.clustering.evidence import EvidenceSettings, groupings
from stages.seeding import generator
from stages.training.job import Job

Start = Literal["random", "evidence"]


def starting_labels(job: Job, start: Start, restarts: int, num_clusters: int) -> Int[Tensor, "seeds restarts episodes"]:
    """A cluster for every episode.

    Args:
        job: Dataset and seeds.
        start: ``random``: equal parts of the episodes in random order; ``evidence``: what evidence clustering finds,
            for each seed and restart with features and compared episodes of its own.
        restarts: Starts per seed.
        num_clusters: K.
    """
    labels = random_parts if start == "random" else evidence_groups
    return labels(job, restarts, num_clusters)


def random_parts(job: Job, restarts: int, num_clusters: int) -> Int[Tensor, "seeds restarts episodes"]:
    """A random permutation of the episodes cut into K equal parts, for each seed and restart its own."""
    num_episodes = job.dataset.num_episodes
    parts = np.arange(num_episodes) * num_clusters // num_episodes
    drawn = [
        [generator(seed, "starting parts", restart).permutation(parts) for restart in range(restarts)]
        for seed in job.seeds
    ]
    return torch.from_numpy(np.array(drawn))


def evidence_groups(job: Job, restarts: int, num_clusters: int) -> Int[Tensor, "seeds restarts episodes"]:
    """What evidence clustering finds, told to look for K groups."""
    settings = EvidenceSettings(num_clusters=num_clusters)
    draws, found = [(seed, restart) for seed in job.seeds for restart in range(restarts)], []
    with job.progress("starts by evidence", len(draws), "start") as progress:
        for of_draw in groupings(job, settings, draws):
            found.append(of_draw.log_weights.argmax(1))
            progress.advance_to(len(found))
    return torch.stack(found).view(len(job.seeds), restarts, -1)
