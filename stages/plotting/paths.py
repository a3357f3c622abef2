"""Paths with as few points as the picture needs."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int

Path = Float[np.ndarray, "points 2"]
Piece = Float[np.ndarray, "_ 2"]


def simplify(path: Path, tolerance: float) -> Piece:
    """Leave out points that lie within `tolerance` of the line that remains (Douglas-Peucker)."""
    keep = np.zeros(len(path), dtype=bool)
    keep[[0, -1]] = True
    spans = [(0, len(path) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        distance = _distances(path[first + 1 : last], path[first], path[last])
        furthest = int(distance.argmax())
        if distance[furthest] > tolerance:
            middle = first + 1 + furthest
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return np.asarray(path[keep])


def _distances(points: Path, start: np.ndarray, end: np.ndarray) -> Float[np.ndarray, "points"]:
    """Distance of each point from the segment between `start` and `end`."""
    line = end - start
    length = float(line @ line)
    along = np.clip((points - start) @ line / length, 0, 1) if length else np.zeros(len(points))
    return np.asarray(np.linalg.norm(points - start - along[:, None] * line, axis=1))


def runs(path: Path, choices: Int[np.ndarray, "points"], shortest: int = 1) -> list[tuple[int, Piece]]:
    """Pieces of the path with equal choice, each with the first point of the next so that the line is unbroken.

    Args:
        path: Positions.
        choices: Choice made at each position.
        shortest: Pieces of fewer points take the choice of the piece before.
    """
    choices = choices.copy()
    bounds = np.append(_starts(choices), len(choices))
    for first, last in pairwise(bounds[1:]):
        if last - first < shortest:
            choices[first:last] = choices[first - 1]
    starts = _starts(choices)
    ends = np.append(starts[1:], len(choices))
    return [(int(choices[a]), path[a : b + 1]) for a, b in zip(starts, ends, strict=True)]


def _starts(choices: Int[np.ndarray, "points"]) -> Int[np.ndarray, "pieces"]:
    return np.append(0, np.flatnonzero(np.diff(choices)) + 1)


def without_padding(path: Float[np.ndarray, "steps 2"]) -> Piece:
    """The recorded part of a path that is padded with NaN at the end."""
    return np.asarray(path[~np.isnan(path).any(axis=1)])
