"""Does what episodes do change while they are recorded? A learner's replay buffer is one drifting policy.

Of every episode, what it does otherwise than its cluster's linear policy is noted: the mean of residual times state,
and the logarithm of the residuals' variance, for each action coordinate (unit vectors of discrete actions). Had every
cluster one policy throughout, its episodes would be exchangeable. So the statistic, the distance covariance between
these numbers and the episodes' places in their recording,

    T = sum over clusters and recordings of  1/n  sum_ij A_ij B_ij,   A, B: distances, rows and columns centred,

is set against places permuted within each cluster of each recording. Two policies that were recorded one after the
other are no drift, once they are two clusters.

Source: distance covariance (Szekely, Rizzo and Bakirov, 2007); that p-value of permutations is exact.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial.distance import cdist

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.scales import scales

MOST_EPISODES, MOST_STEPS = 200, 100  # looked at, evenly spread; steps of each episode
FEWEST = 8  # episodes of a cluster in a recording, for them to be looked at
PERMUTATIONS = 999
QUIET = 1e-12  # residual variance, in that of the actions, which no smaller one differs from


def drift_p_value(
    dataset: EpisodeDataset,
    labels: Int[np.ndarray, "episodes"],
    recording: Int[np.ndarray, "episodes"] | None,
    generator: np.random.Generator,
) -> float | None:
    """Probability of as much association of episodes with their place, had each cluster one policy throughout.

    Args:
        dataset: Episodes in the order of recording.
        labels: Their clusters.
        recording: The recording of each; None where the order is not known.
        generator: Draws the permutations.

    Returns:
        The p-value, at least 1/1000; None where the order is not known, or no cluster has enough episodes.
    """
    if recording is None:
        return None
    looked_at = np.unique(
        np.linspace(0, dataset.num_episodes - 1, min(dataset.num_episodes, MOST_EPISODES)).astype(int)
    )
    groups = np.unique(np.stack([labels, recording])[:, looked_at], axis=1, return_inverse=True)[1].ravel()
    members = [looked_at[groups == group] for group in np.unique(groups)]
    centred = [_distances(deviations(dataset, episodes)) for episodes in members if len(episodes) >= FEWEST]
    if not centred:
        return None
    found = _association(centred, [np.arange(len(distances)) for distances in centred])
    others = [_association(centred, [generator.permutation(len(a)) for a in centred]) for _ in range(PERMUTATIONS)]
    return float((1 + np.sum(np.array(others) >= found * (1 - 1e-12))) / (1 + PERMUTATIONS))


def deviations(dataset: EpisodeDataset, episodes: Int[np.ndarray, "chosen"]) -> Float[np.ndarray, "chosen numbers"]:
    """What each of these episodes does otherwise than their common linear policy, every column with deviation 1."""
    rows, episode = map(np.concatenate, zip(*_steps(dataset, episodes), strict=True))
    inputs = np.column_stack([np.ones(len(rows)), _scaled(dataset.observations[rows].astype(np.float64))])
    if dataset.num_actions is None:
        targets = _scaled(dataset.actions[rows].astype(np.float64))
    else:
        targets = np.eye(dataset.num_actions)[dataset.actions[rows]]
    second = inputs.T @ inputs + np.eye(inputs.shape[1])
    residuals = targets - inputs @ np.linalg.solve(second, inputs.T @ targets)
    first = np.searchsorted(episode, np.arange(len(episodes)))
    counts = np.diff(np.append(first, len(rows)))[:, None]
    scores = [np.add.reduceat(inputs * residual[:, None], first) / counts for residual in residuals.T]
    variance = np.add.reduceat(residuals**2, first) / counts
    return _scaled(np.hstack([*scores, np.log(variance + QUIET)]))


def _steps(dataset: EpisodeDataset, episodes: Int[np.ndarray, "chosen"]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows of each episode, evenly spread, and the episode's number among the chosen."""
    for number, episode in enumerate(episodes):
        length = int(dataset.episode_lengths[episode])
        steps = np.unique(np.linspace(0, length - 1, min(length, MOST_STEPS)).astype(np.int64))
        yield dataset.episode_starts[episode] + steps, np.full(len(steps), number)


def _scaled(values: Float[np.ndarray, "rows columns"]) -> Float[np.ndarray, "rows columns"]:
    mean = values.mean(0)
    scaled: np.ndarray = (values - mean) / scales(values.std(0), mean)
    return scaled


def _distances(values: Float[np.ndarray, "chosen columns"]) -> Float[np.ndarray, "chosen chosen"]:
    """Distances between rows; every row and column of them has mean 0."""
    distances: np.ndarray = cdist(values, values)
    return distances - distances.mean(0) - distances.mean(1)[:, None] + distances.mean()


def _association(centred: list[np.ndarray], places: list[np.ndarray]) -> float:
    # Rows and columns of A being centred, the distances of places need not be.
    return sum(
        float((distances * np.abs(place[:, None] - place)).sum()) / len(place) ** 2
        for distances, place in zip(centred, places, strict=True)
    )
