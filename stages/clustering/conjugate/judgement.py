"""Are two clusters two policies? Whether telling them apart helps to foretell what was not looked at.

A family of policies that is never quite right splits one policy into "what it does here" and "what it does there",
which no evidence within the family can tell from two policies. What can be told is whether the split foretells
anything. One policy is fitted to both clusters together, and for each what it does otherwise, both linear in ``(1, s)``
and random features, without the episodes that are judged. Every episode then shows half of its steps, which say how
likely it is of which cluster, and is judged by the other half:

    gain = log sum_z p(z | one half) p(other half | z) - log p(other half | the policy of both)

A half in which nothing is done that tells the clusters apart, at rest at a goal, then costs log 2 at most. Where one
policy made all, what an episode did in one half says nothing of the other that the policy of both does not know. So two
clusters stay two where gains exceed losses by `DECISIVE` standard errors of the signed ranks, episodes being the units.
What a cluster does otherwise is shrunk towards nothing by a ridge of its own, whose strength held-out episodes choose:
policies fitted to each cluster by itself lose by the half of the data that they have not seen, where clusters are
alike, and win by it where regions are unlike.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.noise import Noise, whiten_
from stages.clustering.conjugate.scaled_steps import ScaledSteps, decorrelated, least_squares
from stages.datasets.episodes import EpisodeDataset

DECISIVE = 2.0  # standard errors
FOLDS = 4
STRENGTHS = 10.0 ** np.arange(-2, 6)  # of ridges, in steps
NEIGHBOURS = 3
FEWEST = 8  # episodes of two clusters that can be judged; smaller ones stay as they are
MOST_STEPS = 8_000  # of two clusters; of more every so-manieth


def united(
    dataset: EpisodeDataset,
    labels: Int[np.ndarray, "episodes"],
    affinity: Float[np.ndarray, "clusters clusters"],
    generator: np.random.Generator,
) -> Int[np.ndarray, "episodes"]:
    """Labels with clusters united, the least distinct first, until telling any two apart foretells something.

    Args:
        dataset: Episodes with continuous actions.
        labels: Their clusters, numbered from 0.
        affinity: What the family of policies gains by uniting two clusters; every cluster is compared with the
            `NEIGHBOURS` that it has most affinity to.
        generator: Draws the nonlinear features.
    """
    labels, affinity = labels.copy(), affinity.copy()
    steps = ScaledSteps(dataset, generator)
    scored: dict[tuple[bytes, bytes], float] = {}
    while len(found := np.unique(labels)) > 1:
        scores = {}
        for i, j in neighbours(found, affinity):
            first, second = np.flatnonzero(labels == i), np.flatnonzero(labels == j)
            members = first.tobytes(), second.tobytes()
            if members not in scored:
                enough = len(first) + len(second) >= FEWEST
                scored[members] = distinctness(dataset, steps, first, second) if enough else np.inf
            scores[i, j] = scored[members]
        i, j = min(scores, key=lambda pair: scores[pair])
        if scores[i, j] > DECISIVE:
            break
        labels[labels == j] = i
        affinity[i] = affinity[:, i] = np.maximum(affinity[i], affinity[j])
    return np.unique(labels, return_inverse=True)[1]


def neighbours(found: Int[np.ndarray, "clusters"], affinity: Float[np.ndarray, "all all"]) -> list[tuple[int, int]]:
    """Pairs of clusters of which one has much affinity to the other."""
    pairs = set()
    for i in found:
        others = found[found != i]
        for j in others[np.argsort(-affinity[i, others], kind="stable")[:NEIGHBOURS]]:
            pairs.add((min(int(i), int(j)), max(int(i), int(j))))
    return sorted(pairs)


def distinctness(
    dataset: EpisodeDataset, steps: ScaledSteps, first: Int[np.ndarray, "first"], second: Int[np.ndarray, "second"]
) -> float:
    """Standard errors by which telling two groups of episodes apart foretells better what half of an episode does.

    They are not told apart where most of one group does not gain: many may gain a little by the absence of one odd
    episode, of which nothing foretells anything.
    """
    episodes, group = np.concatenate([first, second]), np.repeat([0, 1], [len(first), len(second)])
    rows, lengths, half = halves_of(dataset, episodes, MOST_STEPS)
    episode = (half // 2).numpy()
    errors = torch.zeros(3, 2 * len(episodes), dtype=torch.float64)
    for inputs, targets in whitened(steps, rows, lengths):
        errors.index_add_(1, half, foretold_errors(torch.cat([inputs, targets[:, None]], 1), episode, group))
    gains = gain_of_halves(errors.view(3, -1, 2)).numpy()
    foretold = [np.sum(group == g) > 1 and (gains[group == g] > 0).mean() > 0.5 for g in range(2)]
    return standard_score(gains) if all(foretold) else min(standard_score(gains), 0.0)


def halves_of(
    dataset: EpisodeDataset, episodes: Int[np.ndarray, "episodes"], most: int
) -> tuple[Int[Tensor, "rows"], Int[np.ndarray, "episodes"], Int[Tensor, "rows"]]:
    """Rows of some episodes, of more than `most` every so-manieth; how many each has; and the half each row is of.

    The halves of the e-th episode are numbered ``2 e`` and ``2 e + 1``.
    """
    stride = -(-int(dataset.episode_lengths[episodes].sum()) // most)
    rows = [np.arange(dataset.episode_starts[e], dataset.episode_ends[e], stride) for e in episodes]
    lengths = np.array([len(of_episode) for of_episode in rows])
    half = np.concatenate([2 * e + (np.arange(n) >= n // 2) for e, n in enumerate(lengths)])
    return torch.from_numpy(np.concatenate(rows)), lengths, torch.from_numpy(half)


def standard_score(gains: Float[np.ndarray, "episodes"]) -> float:
    """Signed-rank statistic (Wilcoxon, 1945) over its standard error under no gain: one odd episode counts as one."""
    from scipy.stats import rankdata  # loaded here: it takes a second, and planning has no use for it

    ranks, number = rankdata(np.abs(gains)), len(gains)
    return float((np.sign(gains) * ranks).sum() / np.sqrt(number * (number + 1) * (2 * number + 1) / 6))


def gain_of_halves(errors: Float[Tensor, "models episodes 2"]) -> Float[Tensor, "episodes"]:
    """Log-likelihood gained in each half by the clusters, each as likely as the other half makes it."""
    gains = (errors[:1] - errors[1:]) / 2
    likely = gains.log_softmax(0).flip(2)  # by the other half
    return (likely + gains).logsumexp(0).sum(1)


def whitened(
    steps: ScaledSteps, rows: Int[Tensor, "rows"], lengths: Int[np.ndarray, "episodes"]
) -> Iterator[tuple[Float[Tensor, "rows features"], Float[Tensor, "rows"]]]:
    """Features and target of the rows for each target, over the noise scale and freed of its memory."""
    linear, targets = steps.inputs[rows], steps.targets[rows]
    inputs, starts = torch.cat([linear, steps.hidden[rows]], 1), np.concatenate([[0], lengths.cumsum()[:-1]])
    targets = targets @ decorrelated(targets - linear @ least_squares(linear, targets))
    both = torch.cat([inputs, targets], 1)
    weights = ridge(both.T @ both, torch.tensor(STRENGTHS[1]), targets.shape[1])
    left = targets - inputs @ weights
    noise = Noise.of(steps.columns[rows], left, starts, torch.zeros(targets.shape[1]), left.square())
    variance = noise.variance(steps.columns[rows])
    for a in range(targets.shape[1]):
        both = torch.cat([inputs, targets[:, a : a + 1]], 1)
        free = whiten_(both, variance[:, a], noise.memory[a], torch.from_numpy(starts))
        yield free[:, :-1], free[:, -1]


def foretold_errors(
    both: Float[Tensor, "rows width"], episode: Int[np.ndarray, "rows"], labels: Int[np.ndarray, "episodes"]
) -> Float[Tensor, "models rows"]:
    """Squared errors under the policy of all clusters and that of each, fitted to the other folds.

    Args:
        both: Inputs, and the target in the last column.
        episode: The episode of every row.
        labels: The cluster of every episode.
    """
    fold, num_clusters = np.zeros(len(labels), dtype=np.int64), int(labels.max()) + 1
    for cluster in range(num_clusters):
        members = np.flatnonzero(labels == cluster)
        fold[members] = np.arange(len(members)) % FOLDS
    width = both.shape[1]
    second = torch.zeros(FOLDS, num_clusters, 2, width, width, dtype=torch.float64)
    for number, of_episode in enumerate(both.split(np.bincount(episode).tolist())):
        turn = number % 2  # the ridge's strength is what does best between episodes of odd and of even number
        second[fold[number], labels[number], turn] += of_episode.T @ of_episode
    errors = torch.zeros(1 + num_clusters, len(both), dtype=torch.float64)
    for f in range(FOLDS):
        judged = torch.from_numpy((fold == f)[episode])
        seen = second.sum(0) - second[f]
        left = torch.eye(width, dtype=torch.float64)
        left[:-1, -1] = -chosen_ridge(seen.sum(0, keepdim=True))[0]  # makes what the policy of all leaves of the target
        residual = both[judged] @ left
        peculiar = chosen_ridge(left.T @ seen @ left)
        errors[0, judged] = residual[:, -1].square()
        errors[1:, judged] = (residual[:, -1] - peculiar @ residual[:, :-1].T).square()
    return errors


def chosen_ridge(second: Float[Tensor, "models 2 width width"]) -> Float[Tensor, "models features"]:
    """Ridge regressions of the last column on the others, by the strength that does best between two halves."""
    rest, losses = second.flip(1), []
    for strength in STRENGTHS:  # one after the other: all at once leave the processor's cache, and take twice as long
        weights = ridge(second, torch.tensor(strength))
        errors = torch.cat([weights, -torch.ones_like(weights[..., :1, :])], -2)
        losses.append((errors.mT @ rest @ errors).sum((1, 2, 3)))
    chosen = torch.from_numpy(STRENGTHS)[torch.stack(losses).argmin(0)]
    return ridge(second.sum(1), chosen)[..., 0]


def ridge(
    second: Float[Tensor, "*models width width"], strength: Float[Tensor, "..."], targets: int = 1
) -> Float[Tensor, "*models features {targets}"]:
    """Ridge regressions of the last columns, the `targets`, on the others, from second moments."""
    penalised = second[..., :-targets, :-targets].clone()
    penalised.diagonal(dim1=-2, dim2=-1).add_(strength[..., None])
    return torch.cholesky_solve(second[..., :-targets, -targets:], torch.linalg.cholesky(penalised))
