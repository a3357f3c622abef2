"""The rule policies of the gridworld benchmarks: each gives one action for every situation of its task.

Diagonal: `rightfirst`, `downfirst`, `balanced` (right below the diagonal, else down), `zigzag1` and `zigzag2` (right in
    cells of even and of odd row + column, else down); harder, `random1` and `random2` (right or down, drawn once for
    each cell). All go right in the last row and down in the last column.
Takeball: `ball 0` to `ball 3`. Up through rows 7-5; in rows 4-2 along the row to the column of the ball, then up; in
    row 1 to the ball if it lies beside, else down again, to walk round the other balls. With a ball, as `balanced`.
Extra: `good` walks to the nearest special cell not yet visited, not through the goal, and then to the goal, where it
    goes at once if there is no other way; `bad` takes a shortest way that avoids unvisited special cells; `med` a
    shortest way. Of equally short ways the first action in the order up, left, right, down is taken. Where there is no
    way at all, they stay, which none does elsewhere.

Source: Hu, Wang and Du, and their public code.
Deviations: `random1` and `random2` are drawn here, the published tables being others.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from jaxtyping import Bool, Int, UInt64

from stages.environments.diagonal import Diagonal
from stages.environments.extra import AGENT_AT, GOAL_AT, OBSTACLES, REACHED, SPECIALS, Extra
from stages.environments.gridworld import DOWN, LEFT, RIGHT, STAY, UP
from stages.environments.takeball import BALL_ROW, BALLS, NUM_BALLS
from stages.generators.gridworld_paths import cell_set, first_step
from stages.seeding import generator

Rule = Callable[[Int[np.ndarray, "agents numbers"]], Int[np.ndarray, "agents"]]  # from a `Gridworld.situation`

FIRST_ROW_TO_SIDESTEP = 4  # in rows further from the balls all go straight up

_ROW, _COLUMN = np.indices((Diagonal.size, Diagonal.size))
_INSIDE = np.uint64(sum(1 << (row * Extra.size + column) for row in range(1, 6) for column in range(1, 6)))


def _drawn(name: str) -> Bool[np.ndarray, "rows columns"]:
    return generator(0, f"diagonal {name}").random(_ROW.shape) < 0.5


def _table(right: Bool[np.ndarray, "rows columns"]) -> Int[np.ndarray, "rows columns"]:
    """The action in each cell of a policy that goes right where `right` says so, and down elsewhere."""
    last_row, last_column = Diagonal.goal
    table = np.where((right & (_COLUMN != last_column)) | (_ROW == last_row), RIGHT, DOWN)
    table[Diagonal.goal] = STAY
    return table


DIAGONAL_TABLES = {
    "balanced": _table(_ROW > _COLUMN),
    "rightfirst": _table(_ROW > 0),
    "downfirst": _table(_ROW < 0),
    "zigzag1": _table((_ROW + _COLUMN) % 2 == 0),
    "zigzag2": _table((_ROW + _COLUMN) % 2 == 1),
    "random1": _table(_drawn("random1")),
    "random2": _table(_drawn("random2")),
}


def _look_up(
    table: Int[np.ndarray, "rows columns"], situation: Int[np.ndarray, "agents numbers"]
) -> Int[np.ndarray, "agents"]:
    action: np.ndarray = table[situation[:, 0], situation[:, 1]]
    return action


def _fetch(ball: int, situation: Int[np.ndarray, "agents numbers"]) -> Int[np.ndarray, "agents"]:
    row, column, target = situation[:, 0], situation[:, 1], situation[:, BALLS][:, ball]
    across = np.where(column < target, RIGHT, np.where(column > target, LEFT, UP))
    in_ball_row = np.where(np.abs(column - target) == 1, across, DOWN)
    seek = np.where(row > BALL_ROW, np.where(row > FIRST_ROW_TO_SIDESTEP, UP, across), in_ball_row)
    return np.where(target > 0, seek, _look_up(DIAGONAL_TABLES["balanced"], situation))


def _extra_sets(
    situation: Int[np.ndarray, "agents numbers"],
) -> tuple[UInt64[np.ndarray, "agents"], UInt64[np.ndarray, "agents"], UInt64[np.ndarray, "agents"]]:
    """For each agent of Extra the sets of the goal, of the special cells not yet visited, and of all without a wall."""
    unvisited = situation[:, SPECIALS] * np.repeat(1 - situation[:, REACHED], 2, axis=1)
    parts = situation[:, GOAL_AT], unvisited, situation[:, OBSTACLES]
    goal, special, obstacles = (cell_set(Extra.cells(part)) for part in parts)
    return goal, special, _INSIDE & ~obstacles


def _way(
    situation: Int[np.ndarray, "agents numbers"],
    targets: UInt64[np.ndarray, "agents"],
    free: UInt64[np.ndarray, "agents"],
) -> Int[np.ndarray, "agents"]:
    return first_step(cell_set(Extra.cells(situation[:, AGENT_AT])), targets, free, Extra.size)


def _good(situation: Int[np.ndarray, "agents numbers"]) -> Int[np.ndarray, "agents"]:
    goal, special, free = _extra_sets(situation)
    detour = _way(situation, special, free & ~goal)
    return np.where(detour == STAY, _way(situation, goal, free), detour)


def _bad(situation: Int[np.ndarray, "agents numbers"]) -> Int[np.ndarray, "agents"]:
    goal, special, free = _extra_sets(situation)
    return _way(situation, goal, free & ~special)


def _med(situation: Int[np.ndarray, "agents numbers"]) -> Int[np.ndarray, "agents"]:
    goal, _, free = _extra_sets(situation)
    return _way(situation, goal, free)


DIAGONAL_RULES: dict[str, Rule] = {name: partial(_look_up, table) for name, table in DIAGONAL_TABLES.items()}
TAKEBALL_RULES: dict[str, Rule] = {f"ball {ball}": partial(_fetch, ball) for ball in range(NUM_BALLS)}
EXTRA_RULES: dict[str, Rule] = {"good": _good, "bad": _bad, "med": _med}
