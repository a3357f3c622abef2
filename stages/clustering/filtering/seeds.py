"""Where a cluster starts: the densest group of episodes by their time-averaged actions (TAAT)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from stages.clustering.summaries.episode_features import action_values, means
from stages.datasets.episodes import EpisodeDataset
from stages.training.job import Job

SAMPLED, CORE = 100, 4  # episodes among which the densest group is sought, and its size
SHARE = 0.02  # of all episodes: the seed set while its centre is found; twice that in the end


def average_actions(job: Job, dataset: EpisodeDataset) -> Float[np.ndarray, "episodes width"]:
    """The time-averaged action of each episode; actions are first scaled to absolute values that sum to 1.

    Discrete actions are unit vectors, whose averages are their frequencies.
    """
    actions = action_values(job, dataset)
    size = np.abs(actions).sum(1, keepdims=True)
    return means(actions / np.maximum(size, np.finfo(np.float32).tiny), dataset)


def densest(
    features: Float[np.ndarray, "episodes width"],
    remaining: Int[np.ndarray, "remaining"],
    random: np.random.Generator,
) -> Int[np.ndarray, "chosen"]:
    """The seed set: the remaining episodes nearest to the centre of the densest group of four.

    The group is that of one episode and its three nearest neighbours, among a hundred drawn at random, with the least
    total distance. The centre moves once, to the mean of the 2 % of all episodes that are nearest to it.
    """
    sampled = features[random.permutation(remaining)[:SAMPLED]]
    apart = np.linalg.norm(sampled[:, None] - sampled, axis=-1)
    groups = np.argsort(apart, axis=1, kind="stable")[:, :CORE]
    spread = [apart[np.ix_(group, group)].sum() for group in groups]
    centre = sampled[groups[int(np.argmin(spread))]].mean(0)
    for share in (SHARE, 2 * SHARE):
        count = max(CORE, round(share * len(features)))
        order = np.argsort(np.linalg.norm(features[remaining] - centre, axis=1), kind="stable")
        nearest = remaining[order[:count]]
        centre = features[nearest].mean(0)
    return nearest
