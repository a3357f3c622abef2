"""Pieces of one length cut from episodes, kept as (episode, first step) and never copied out.

Three ways of choosing them, at about one segment per `stride` possible starts:

* random: an episode that is long enough, uniformly with replacement, then a uniform start (as the released code of
  TraC does; some episodes are met often, others never);
* even: every `stride`-th start of every episode that is long enough, and its last one, so that no row is left out;
* covering: as even, with an episode's first and last segment several times, as often as makes up for its first and last
  rows being in few others. Where an episode begins is where all rollouts pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.safety.segments.settings import Sampling
from stages.seeding import generator


@dataclass(frozen=True)
class Segments:
    """Stretches of `length` steps: the episode each lies in, and the step of that episode it starts at."""

    episodes: Int[np.ndarray, "segments"]
    starts: Int[np.ndarray, "segments"]
    length: int

    def __len__(self) -> int:
        return len(self.episodes)

    def first_rows(self, dataset: EpisodeDataset) -> Int[np.ndarray, "segments"]:
        """Row of the dataset that each segment starts at; it takes the next `length` rows."""
        return np.asarray(dataset.episode_starts[self.episodes] + self.starts)

    def rows(self, dataset: EpisodeDataset, chosen: Bool[np.ndarray, "segments"]) -> Int[np.ndarray, "rows"]:
        """The rows that are in any of the `chosen` segments, each once and in order."""
        first = self.first_rows(dataset)[chosen]
        change = np.zeros(dataset.num_steps + 1, dtype=np.int64)
        np.add.at(change, first, 1)
        np.add.at(change, first + self.length, -1)
        return np.flatnonzero(np.cumsum(change)[:-1] > 0)

    def sums(self, dataset: EpisodeDataset, values: Float[np.ndarray, "steps"]) -> Float[np.ndarray, "segments"]:
        """Sum of `values` over each segment (float64)."""
        total = np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])
        first = self.first_rows(dataset)
        return np.asarray(total[first + self.length] - total[first])


def segment_length(dataset: EpisodeDataset, ratio: float, length: int | None) -> int:
    """`length`, or the share `ratio` of the longest episode, at least 1.

    Raises:
        UserError: No episode is that long.
    """
    longest = int(dataset.episode_lengths.max())
    chosen = max(int(longest * ratio), 1) if length is None else length
    if chosen > longest:
        cause = f"segments of {chosen} steps are longer than every episode, the longest has {longest}"
        raise UserError(cause, place="segment_length", remedy=f"Use at most {longest}")
    return chosen


def cut(dataset: EpisodeDataset, length: int, sampling: Sampling, stride: int, most: int, seed: int) -> Segments:
    """Segments of the episodes that have at least `length` steps.

    Args:
        dataset: Where to cut.
        length: Steps per segment, at most those of the longest episode.
        sampling: ``random``, ``even`` or ``covering``, see above.
        stride: Possible starts per segment.
        most: Largest number of segments.
        seed: Of the random choice.
    """
    eligible = np.flatnonzero(dataset.episode_lengths >= length)
    spare = dataset.episode_lengths[eligible] - length
    if sampling != "random":
        before = (length - 1) // stride if sampling == "covering" else 0
        counts = -(-spare // stride) + 1 + 2 * before
        episodes = np.repeat(eligible, counts)
        places = np.arange(len(episodes)) - np.repeat(np.cumsum(counts) - counts, counts) - before
        starts = np.clip(places * stride, 0, np.repeat(spare, counts))
        kept = np.linspace(0, len(episodes) - 1, min(len(episodes), most)).round().astype(np.int64)
        return Segments(episodes[kept], starts[kept], length)
    longest = int(dataset.episode_lengths.max())
    number = ((longest - length) // stride) * dataset.num_episodes if longest > length else len(eligible)
    random = generator(seed, "segments")
    picked = random.integers(0, len(eligible), min(max(number, 1), most))
    return Segments(eligible[picked], random.integers(0, spare[picked] + 1), length)
