"""The partition of TraC: which pieces of the data are desirable and which undesirable, for every cost limit l.

    safe        = cost at most the limit, unsafe = the rest
    u           = (R - min R) / (max R - min R)                   over the safe ones
    desirable   = the ceil(x n) of n safe ones with the largest R, weight kappa + (1 - kappa) u
    undesirable = the ceil(y n) with the smallest R, weight kappa + (1 - kappa) (1 - u), and all unsafe ones, weight 1

Safe ones that are neither are left out; where the shares overlap, undesirable wins. Pieces are segments of one length
L. R and cost are those of the segment itself, with the limit ``l L / T`` (T = steps of the longest episode), as the
released code has it; or those of the episode that the segment lies in, with the limit l, as the paper has it.
Labelled by themselves, segments of an episode over the limit may be desirable, and a steady cost rate just below the
limit looks like one of breaking it; labelled by episode, every segment of a costly episode is undesirable, even where
it differs in nothing from a safe one.

Source:     Gong, Kumar, Varakantham: Offline Safe Reinforcement Learning Using Trajectory Classification, AAAI 2025,
            and its released code.
Deviations: ties of R are broken at random; where all R are equal, u is 1/2 (the released code divides by zero).

Symbols: cost_limits = l, desirable_share = x, undesirable_share = y, least_weight = kappa, segment_ratio = L / T.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int

from stages.artifacts import Artifact, taking_up
from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.safety.contract import cost_limits
from stages.safety.limits.requirements import require_safe_and_unsafe
from stages.safety.segments.segments import Segments, cut, segment_length
from stages.safety.segments.settings import PartitionSettings
from stages.seeding import generator

DESIRABLE, UNDESIRABLE, LEFT_OUT = 1, 0, -1


@dataclass(frozen=True)
class Partition:
    """Segments, the same for all limits, with a label and a weight under every limit."""

    segments: Segments
    limits: tuple[float, ...]
    labels: Int[np.ndarray, "limits segments"]
    weights: Float[np.ndarray, "limits segments"]
    facts: dict[str, Any]

    def artifact(self) -> Artifact:
        """As a file's contents."""
        arrays = {"episodes": self.segments.episodes, "starts": self.segments.starts}
        arrays |= {"labels": self.labels, "weights": self.weights}
        facts = {"kind": "partition", "length": self.segments.length, "limits": list(self.limits), "facts": self.facts}
        return Artifact({name: torch.from_numpy(array) for name, array in arrays.items()}, facts)

    @classmethod
    def load(cls, artifact: Artifact) -> Partition:
        """From `artifact`.

        Raises:
            UserError: The file holds something else.
        """
        facts = artifact.metadata
        if facts.get("kind") != "partition":
            cause = f"this file holds no partition: {facts.get('kind')}"
            raise UserError(cause, place="--given", remedy="Give the file of stages.partition_trajectories")
        with taking_up(artifact):
            arrays = {name: tensor.numpy() for name, tensor in artifact.tensors.items()}
            segments = Segments(arrays["episodes"], arrays["starts"], facts["length"])
            found = cls(segments, tuple(facts["limits"]), arrays["labels"], arrays["weights"], dict(facts["facts"]))
            found.check()
        return found

    def check(self) -> None:
        """See that every segment has an episode, a start, and under every limit a label and a weight.

        Raises:
            ValueError: Something does not fit.
        """
        number, shape = len(self.segments), (len(self.limits), len(self.segments))
        whole = all(values.dtype.kind == "i" for values in (self.segments.episodes, self.segments.starts, self.labels))
        sizes = self.segments.episodes.shape, self.segments.starts.shape, self.labels.shape, self.weights.shape
        if not whole or sizes != ((number,), (number,), shape, shape):
            raise ValueError(f"arrays of shapes {sizes} for {number} segments and {len(self.limits)} limits")

    def require_episodes(self, dataset: EpisodeDataset, place: str = "--given") -> None:
        """Stop unless all segments lie within episodes of the dataset, of which there are as many as were cut.

        Raises:
            UserError: Another dataset was cut.
        """
        segments, lengths = self.segments, dataset.episode_lengths
        same = self.facts["episodes"] == len(lengths) > segments.episodes.max() and segments.starts.min() >= 0
        if not same or (segments.starts + segments.length > lengths[segments.episodes]).any():
            remedy = "Give the partition of this dataset"
            raise UserError("the partition is of other episodes than the dataset's", place=place, remedy=remedy)


def partition(dataset: EpisodeDataset, settings: PartitionSettings, place: str = "") -> Partition:
    """Cut the dataset into segments and label them under every cost limit.

    Args:
        dataset: Episodes with costs.
        settings: How to do it.
        place: The dataset's file, for messages.

    Raises:
        UserError: The dataset lacks costs, or under some limit anything desirable or undesirable.
    """
    limits = cost_limits(settings.cost_limits, dataset, place)
    require_safe_and_unsafe(dataset, limits, place=place)
    length = segment_length(dataset, settings.segment_ratio, settings.segment_length)
    segments = cut(dataset, length, settings.sampling, settings.stride, settings.most_segments, settings.seed)
    returns, costs, scale = _judged(dataset, segments, settings.labels_by)
    labels = np.full((len(limits), len(returns)), LEFT_OUT, dtype=np.int8)
    weights = np.zeros(labels.shape, dtype=np.float32)
    for i, limit in enumerate(limits):
        labels[i], weights[i] = label(returns, costs, limit * scale, settings)
    if settings.labels_by == "episode":
        labels, weights = labels[:, segments.episodes], weights[:, segments.episodes]
    for limit, of_limit in zip(limits, labels, strict=True):
        _require_both(of_limit, limit, length, place)
    return Partition(segments, limits, labels, weights, _facts(dataset, segments, limits, labels))


def label(
    returns: Float[np.ndarray, "pieces"], costs: Float[np.ndarray, "pieces"], limit: float, settings: PartitionSettings
) -> tuple[Int[np.ndarray, "pieces"], Float[np.ndarray, "pieces"]]:
    """Label and weight of each piece, given its sums of rewards and costs and its own limit."""
    safe = np.flatnonzero(costs <= limit)
    labels, weights = np.full(len(costs), UNDESIRABLE, dtype=np.int8), np.ones(len(costs), dtype=np.float32)
    labels[safe] = LEFT_OUT
    ties = generator(settings.seed, "ties of returns").permutation(len(costs))[safe]
    ranked = safe[np.lexsort((ties, returns[safe]))]
    if len(safe) == 0:
        return labels, weights
    low, high = returns[ranked[0]], returns[ranked[-1]]
    usefulness = (returns - low) / (high - low) if high > low else np.full(len(returns), 0.5)
    desirable = ranked[len(safe) - math.ceil(settings.desirable_share * len(safe)) :]
    undesirable = ranked[: math.ceil(settings.undesirable_share * len(safe))]
    floor = settings.least_weight
    for chosen, name, share in ((desirable, DESIRABLE, usefulness), (undesirable, UNDESIRABLE, 1 - usefulness)):
        labels[chosen], weights[chosen] = name, floor + (1 - floor) * share[chosen]
    return labels, weights


def _judged(
    dataset: EpisodeDataset, segments: Segments, labels_by: str
) -> tuple[Float[np.ndarray, "pieces"], Float[np.ndarray, "pieces"], float]:
    """Returns and costs of the pieces that are ranked, and what share of the episodes' limit is theirs."""
    assert dataset.costs is not None and dataset.episode_costs is not None
    if labels_by == "episode":
        return dataset.episode_returns, dataset.episode_costs, 1.0
    share = segments.length / int(dataset.episode_lengths.max())
    return segments.sums(dataset, dataset.rewards), segments.sums(dataset, dataset.costs), share


def _require_both(labels: Int[np.ndarray, "segments"], limit: float, length: int, place: str) -> None:
    for wanted, name in ((DESIRABLE, "desirable"), (UNDESIRABLE, "undesirable")):
        if not (labels == wanted).any():
            cause = f"no segment of {length} steps is {name} under the cost limit {limit:g}"
            raise UserError(cause, place=place, remedy="Use a smaller segment_ratio, or other shares")


def _facts(
    dataset: EpisodeDataset, segments: Segments, limits: tuple[float, ...], labels: Int[np.ndarray, "limits segments"]
) -> dict[str, Any]:
    """Numbers and shares for the report."""
    costs = dataset.episode_costs
    assert costs is not None
    covered = segments.rows(dataset, np.ones(len(segments), dtype=bool))
    facts: dict[str, Any] = {
        "episodes": dataset.num_episodes,
        "eligible_episodes": int((dataset.episode_lengths >= segments.length).sum()),
        "used_episodes": len(np.unique(segments.episodes)),
        "segments": len(segments),
        "segment_length": segments.length,
        "covered_rows": len(covered) / dataset.num_steps,
        "limits": [],
    }
    for limit, of_limit in zip(limits, labels, strict=True):
        over = costs[segments.episodes] > limit
        desirable = of_limit == DESIRABLE
        facts["limits"].append(
            {
                "limit": limit,
                "safe_episodes": int((costs <= limit).sum()),
                "unsafe_episodes": int((costs > limit).sum()),
                "desirable": int(desirable.sum()),
                "undesirable": int((of_limit == UNDESIRABLE).sum()),
                "left_out": int((of_limit == LEFT_OUT).sum()),
                "desirable_of_unsafe_episodes": float(over[desirable].mean()),
                "undesirable_of_safe_episodes": float((~over)[of_limit == UNDESIRABLE].mean()),
            }
        )
    return facts
