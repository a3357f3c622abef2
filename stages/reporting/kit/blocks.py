"""Blocks of seeds that were computed apart, joined again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
from jaxtyping import Int

from stages.evaluation.padding import padded


def join_blocks(parts: Sequence[Any], shared: Sequence[str] = (), second: Sequence[str] = ()) -> Any:
    """Blocks of seeds as one, sorted by seed; axes other than the seeds' are padded to the longest (NaN, -1, False).

    Args:
        parts: Dataclasses of one kind with an array `seeds`.
        shared: Names of arrays that have no axis of seeds and are the same in all parts.
        second: Names of arrays whose second axis is that of seeds; it is the first of all others.
    """
    order = np.argsort(np.concatenate([part.seeds for part in parts]), kind="stable")
    joined = {}
    for field in fields(parts[0]):
        values = [getattr(part, field.name) for part in parts]
        if isinstance(values[0], np.ndarray) and field.name not in shared:
            axis = int(field.name in second)
            joined[field.name] = np.concatenate(padded(values, axis), axis=axis).take(order, axis=axis)
        else:
            joined[field.name] = max(values) if isinstance(values[0], int) else values[0]
    return type(parts[0])(**joined)


def evenly(number: int, most: int) -> Int[np.ndarray, "chosen"]:
    """At most `most` of `number` indices, evenly spread."""
    return np.unique(np.linspace(0, number - 1, min(number, most)).astype(np.int64))
