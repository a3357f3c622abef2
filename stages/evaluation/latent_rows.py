"""The file of a study of latents: a row for each point and seed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LatentRow:
    """One point of one seed.

    Attributes:
        level: The level that the point is reckoned from.
        at: The share of the way to `other`, or the standard deviations that `dimension` is moved by.
        seed: The seed.
        mean_return: Of its rollouts.
        action_change: Against the mean of `level`.
        other: The level at the end of the line; empty beside a level.
        dimension: The one that is moved; None on a line, and at the level itself.
    """

    level: str
    at: float
    seed: int
    mean_return: float
    action_change: float
    other: str = ""
    dimension: int | None = None
