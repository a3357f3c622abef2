"""Blocks of seeds that were computed apart, joined again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np

from stages.evaluation.padding import padded


def join_blocks(parts: Sequence[Any], shared: Sequence[str] = ()) -> Any:
    """Blocks of seeds as one, sorted by seed; axes other than the seeds' are padded to the longest (NaN, -1, False).

    Args:
        parts: Dataclasses of one kind with an array `seeds`.
        shared: Names of arrays that have no axis of seeds and are the same in all parts.
    """
    order = np.argsort(np.concatenate([part.seeds for part in parts]), kind="stable")
    joined = {}
    for one in fields(parts[0]):
        values = [getattr(part, one.name) for part in parts]
        if isinstance(values[0], np.ndarray) and one.name not in shared:
            axis = 1 if one.name in ("history_labels", "score") else 0
            joined[one.name] = np.concatenate(padded(values, axis), axis=axis).take(order, axis=axis)
        else:
            joined[one.name] = max(values) if isinstance(values[0], int) else values[0]
    return type(parts[0])(**joined)
