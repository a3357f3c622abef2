"""How sure a clustering is, in numbers and in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from stages.clustering.certainty.drift import drift_p_value
from stages.clustering.certainty.shared_states import regions, without_shared_states
from stages.clustering.contract import Clustering
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.recordings import recording_of_episode
from stages.seeding import generator

DRIFTING = 0.01  # p-value from which on data are said to drift
MOST_NAMED = 5  # clusters or pairs of them


@dataclass(frozen=True)
class Certainty:
    """How sure one seed's clusters are.

    Attributes:
        probability: Of one cluster less, of as many as were found, and of one more, by number (as text, as in JSON);
            empty where it is not known, see `number.py`.
        apart: Pairs of clusters that share no states, see `shared_states.py`.
        regions: In how many regions that share no states a cluster's episodes lie, where these are several (number of
            the cluster as text).
        drift: The p-value of episodes doing the same throughout the recording, see `drift.py`; None where their order
            is not that of recording.
        verdicts: What follows, in sentences.
    """

    probability: dict[str, float] = field(default_factory=dict)
    apart: list[tuple[int, int]] = field(default_factory=list)
    regions: dict[str, int] = field(default_factory=dict)
    drift: float | None = None
    verdicts: list[str] = field(default_factory=list)


def certainties(dataset: EpisodeDataset, clustering: Clustering, free: bool) -> list[dict[str, Any]]:
    """How sure the clusters of every seed are, as plain values.

    Args:
        dataset: The dataset that was clustered.
        clustering: What the method found.
        free: Whether the number of clusters was to be found.
    """
    by_number = clustering.details.get("num_clusters_probability")
    looked_at: dict[bytes, Certainty] = {}
    found = []
    for seed, labels in enumerate(clustering.labels.numpy()):
        if (same := labels.tobytes()) not in looked_at:  # the clusters of other seeds are often the same
            looked_at[same] = of_labels(dataset, labels)
        probability = {} if by_number is None else around(by_number[seed].numpy(), len(np.unique(labels)))
        certainty = replace(looked_at[same], probability=probability)
        one_policy = free and len(np.unique(labels)) == 1
        found.append(asdict(replace(certainty, verdicts=[*_sentences(certainty, one_policy)])))
    return found


def of_labels(dataset: EpisodeDataset, labels: Int[np.ndarray, "episodes"]) -> Certainty:
    """What can be said of clusters whatever method found them."""
    recording = recording_of_episode(dataset)
    return Certainty(
        apart=without_shared_states(dataset, labels),
        regions={str(cluster): number for cluster, number in regions(dataset, labels).items()},
        drift=drift_p_value(dataset, labels, recording, generator(0, "drift permutations")),
    )


def around(probability: Float[np.ndarray, "numbers"], found: int) -> dict[str, float]:
    """The probabilities of K - 1, K and K + 1, of those of N, N - 1, ..., 1; none where they are not known."""
    count = len(probability)
    if np.isnan(probability).any():
        return {}
    numbers = [number for number in (found - 1, found, found + 1) if 1 <= number <= count]
    return {str(number): float(probability[count - number]) for number in numbers}


def _sentences(found: Certainty, one_policy: bool) -> Iterator[str]:
    if one_policy:
        sure = f" (probability {rounded(found.probability['1'])})" if found.probability else ""
        yield f"one policy, as far as these data can tell{sure}"
    for i, j in found.apart[:MOST_NAMED]:
        yield f"clusters {i} and {j} cannot be told apart here: they share no states"
    if (more := len(found.apart) - MOST_NAMED) > 0:
        yield f"{more} more {'pair of clusters shares' if more == 1 else 'pairs of clusters share'} no states"
    for cluster, number in list(found.regions.items())[:MOST_NAMED]:
        regions_of_it = f"cluster {cluster} lies in {number} regions that share no states"
        yield f"{regions_of_it}: whether one policy made all of it cannot be told"
    if found.drift is not None and found.drift <= DRIFTING:
        yield f"drifting: what episodes do changes with their place in the recording (p = {found.drift:.3f})"


def rounded(probability: float) -> str:
    """``0.950``; never 1."""
    return "> 0.999" if probability > 0.999 else f"{probability:.3f}"
