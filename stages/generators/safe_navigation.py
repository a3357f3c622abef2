"""Safe navigation data from scripted behaviours spread over the plane of return and cost.

Every behaviour follows subgoals with noise, as in `subgoals`. They differ in what they trade: walkers beside the
diagonal, at distances between none and wide, pay with steps for what they save in costs; cautious ones keep to the
edges; dawdlers lose time inside the boxes, so that their costs lie far above any limit, or outside, at no cost.

Distances are those of the default geometry; another geometry needs `behaviours` of its own.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from stages.datasets.episodes import EpisodeDataset
from stages.environments.safe_navigation import SafeNavigationSettings
from stages.generators import GENERATORS
from stages.generators.subgoals import Point, SubgoalSettings
from stages.generators.subgoals import generate as follow_subgoals

BESIDE = (1.0, 2.0, 3.0, 4.0, 5.5, 7.0, 8.2, 9.7)
SIDE = 20.0


def _mirrored(points: list[Point]) -> list[Point]:
    return [(y, x) for x, y in points]


def _scripts() -> dict[str, list[Point]]:
    """Subgoals of every behaviour, each way above the diagonal with its mirror image below."""
    above: dict[str, list[Point]] = {f"beside {k:g}": [(0.5, k + 0.5), (SIDE - k, SIDE)] for k in BESIDE}
    above |= {
        "around the first": [(0.5, 6.0), (2.6, 8.6), (10.0, 10.0)],
        "around the second": [(9.6, 9.6), (11.4, 17.4)],
        "weaving": [(2.5, 8.6), (9.0, 9.8), (11.4, 17.6)],
        "along the edge": [(0.0, SIDE)],
        "dawdling outside": [(0.0, 10.0), (1.0, 4.0), (0.5, 19.0)],
        "dawdling in one box": [(6.0, 7.0), (4.0, 4.0), (7.0, 5.0)],
        "dawdling in both boxes": [(7.0, 7.0), (4.0, 7.0), (7.0, 4.0), (16.0, 16.0), (13.0, 15.0), (15.0, 13.0)],
    }
    sides = {f"{name} above": points for name, points in above.items()}
    return {"direct": [], **sides, **{f"{name} below": _mirrored(points) for name, points in above.items()}}


class SafeNavigationBehavioursSettings(SubgoalSettings):
    """Safe navigation episodes from a family of subgoal lists."""

    behaviours: dict[str, list[Point]] = Field(
        _scripts(), min_length=1, description="subgoals of each behaviour, visited in order before the goal"
    )
    noise: float = Field(0.05, ge=0, description="standard deviation of the noise added to each action coordinate")
    steps_per_behaviour: int = Field(10_000, ge=1, description="at least this many steps of each behaviour")
    environment: SafeNavigationSettings = Field(SafeNavigationSettings(), description="geometry of the task")


@GENERATORS.register("safe_navigation", SafeNavigationBehavioursSettings)
def generate(settings: SafeNavigationBehavioursSettings) -> EpisodeDataset:
    """Whole episodes of every behaviour, in order, until each has at least `steps_per_behaviour` steps."""
    dataset = follow_subgoals(settings)
    # The walkers are paid by the task without costs, where a step inside a box earns -2 instead of -1.
    costs = (dataset.rewards < -1).astype(np.float32)
    return replace(dataset, environment="safe_navigation", rewards=dataset.rewards + costs, costs=costs)
