"""Whether episodes lie in the order in which they were recorded, and which of them are of one recording.

The attribute ``recordings`` (JSON) says how many episodes each recording has, one after the other: ``[100, 80]`` are
two recordings of which nobody knows which was first. A dataset without it is in no order of recording: generated data
lie policy by policy, some published data were sorted or thinned.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from stages.datasets.episodes import EpisodeDataset

ATTRIBUTE = "recordings"


def recording_of_episode(dataset: EpisodeDataset) -> Int[np.ndarray, "episodes"] | None:
    """The number of the recording of each episode, by rising number; None where the order of recording is not known."""
    counts = json.loads(dataset.attributes.get(ATTRIBUTE, "null"))
    if counts is None or sum(counts) != dataset.num_episodes:  # episodes were left out since it was said
        return None
    return np.repeat(np.arange(len(counts)), counts)


def said_of(recordings: Sequence[np.ndarray | None]) -> dict[str, str]:
    """The attribute of datasets put one after the other, in which episodes keep their order; none where one has none.

    Args:
        recordings: The recording of each episode of every dataset, see `recording_of_episode`.
    """
    counts: list[int] = []
    for recording in recordings:
        if recording is None:
            return {}
        counts += np.unique(recording, return_counts=True)[1].tolist()
    return {ATTRIBUTE: json.dumps(counts)}
