"""The spaces of a Minari dataset, from and to the JSON texts in its metadata, without Gymnasium.

An observation is one vector here. Of a Dict or Tuple space it holds the parts one after the other: in a
goal-conditioned space `observation`, `achieved_goal`, `desired_goal`; in any other Dict by their keys, sorted, and in a
Tuple in its order. Boxes of several axes are flattened row by row, and a Discrete part is one number. Actions are a Box
or a Discrete space. Texts, pictures and all other spaces are refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from jaxtyping import Float

from stages.formats.report import Report

GOAL_KEYS = ("observation", "achieved_goal", "desired_goal")
NUMBERS = "fiub"


@dataclass(frozen=True)
class Part:
    """One stored array of a space.

    Attributes:
        path: Keys of Dict (text) and Tuple (number) spaces that lead to it.
        shape: Shape of one entry.
        num_actions: How many numbers a Discrete space has; None for a Box.
        start: The smallest number of a Discrete space.
    """

    path: tuple[str | int, ...]
    shape: tuple[int, ...]
    num_actions: int | None = None
    start: int = 0

    @property
    def size(self) -> int:
        """Numbers per entry."""
        return math.prod(self.shape)


def refuse(report: Report, rule: str, cause: str, place: str = "", remedy: str = "") -> NoReturn:
    """Stop reading at once."""
    report.error(rule, cause, place, remedy)
    report.refuse()
    raise AssertionError("a report with an error refuses")


def parse_space(stored: Any, place: str, report: Report) -> list[Part]:
    """The parts of a space, in the order in which they make up a vector.

    Args:
        stored: The space as JSON, a text or already parsed.
        place: Its name in the metadata.
        report: Gets a note where several parts, or axes, are put into one vector.

    Raises:
        UserError: The space is malformed or of a kind that is not supported.
    """
    try:
        space = json.loads(stored) if isinstance(stored, str) else stored
        parts = list(_parts(space, (), place, report))
    except (json.JSONDecodeError, RecursionError) as error:
        refuse(report, "space", f"is not JSON ({error})", place)
    except (KeyError, TypeError, ValueError) as error:
        refuse(report, "space", f"is malformed ({type(error).__name__}: {error})", place)
    if not parts or not all(part.size for part in parts):
        refuse(report, "space", "holds no numbers", place)
    if len(parts) > 1 or parts[0].path:
        order = ", ".join("/".join(map(str, part.path)) for part in parts)
        report.note("space", f"the parts of the {space['type']} space make up one vector, in the order {order}", place)
    for part in parts:
        if len(part.shape) > 1:
            report.note("space", f"a Box of shape {part.shape} is taken as {part.size} numbers", place)
    return parts


def box_space(low: Float[np.ndarray, "size"], high: Float[np.ndarray, "size"]) -> str:
    """A Box of float32 vectors as Minari writes it."""
    bounds = {"low": low.astype(np.float32).tolist(), "high": high.astype(np.float32).tolist()}
    return json.dumps({"type": "Box", "dtype": "float32", "shape": [len(low)], **bounds})


def discrete_space(num_actions: int) -> str:
    """Numbers of actions to choose from, from 0, as Minari writes them."""
    return json.dumps({"type": "Discrete", "dtype": "int64", "start": 0, "n": num_actions})


def _parts(space: dict[str, Any], path: tuple[str | int, ...], place: str, report: Report) -> Iterator[Part]:
    kind = space["type"]
    if kind == "Box":
        yield Part(path, _box_shape(space, place, report))
    elif kind == "Discrete":
        yield Part(path, (), int(space["n"]), int(space.get("start", 0)))
    elif kind == "Dict":
        keys = GOAL_KEYS if set(space["subspaces"]) == set(GOAL_KEYS) else sorted(space["subspaces"])
        for key in keys:
            yield from _parts(space["subspaces"][key], (*path, key), place, report)
    elif kind == "Tuple":
        for index, inner in enumerate(space["subspaces"]):
            yield from _parts(inner, (*path, index), place, report)
    elif kind == "Text":
        refuse(report, "space", "texts are not supported", place, "Use a dataset of vectors, or leave its texts out")
    else:
        remedy = "Use a dataset with Box, Discrete, Dict or Tuple spaces"
        refuse(report, "space", f"a space of type {kind} is not supported", place, remedy)


def _box_shape(space: dict[str, Any], place: str, report: Report) -> tuple[int, ...]:
    shape = tuple(int(size) for size in space["shape"])
    if any(size < 0 for size in shape):
        raise ValueError(f"shape {shape}")
    dtype = np.dtype(space["dtype"])
    if dtype == np.uint8 and len(shape) > 1:
        refuse(report, "space", f"pictures {shape} are not supported", place, "Use a dataset of vectors")
    if dtype.kind not in NUMBERS:
        refuse(report, "space", f"a Box of {dtype} is not supported", place, "Use a dataset of numbers")
    return shape
