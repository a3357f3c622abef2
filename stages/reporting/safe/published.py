"""What papers print for safe agents on DSRL's tasks, from ``published.csv``: normalised reward and cost.

The numbers are means over three cost limits (and, as far as is said, three seeds and 20 episodes) of policies trained
on DSRL's own data. Those of the table of TraC's paper were read off a picture; recomputed averages agree with the
printed ones but for one, so that single digits may be wrong all the same.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

# The code released with TraC labels segments by themselves, which is a variant of its own here.
SAME_AS = {"trac_segments": "trac"}


@dataclass(frozen=True)
class Published:
    """Means over the limits, and where they are printed."""

    reward: float
    cost: float
    source: str


@cache
def _numbers() -> dict[tuple[str, str], Published]:
    with Path(__file__).with_suffix(".csv").open(newline="") as file:
        return {
            (row["task"], row["agent"]): Published(float(row["reward"]), float(row["cost"]), row["source"])
            for row in csv.DictReader(file)
        }


def published_safe(task: str, agent: str) -> Published | None:
    """The printed numbers of `agent` on DSRL's `task`, such as ``HopperVelocity``; None where there are none."""
    return _numbers().get((task, SAME_AS.get(agent, agent)))
