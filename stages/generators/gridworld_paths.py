"""Shortest ways over many small grids at once, each grid being one 64-bit word.

A set of cells is a word whose bit ``row * size + column`` says whether the cell belongs to it, so that one shift moves
a whole set by one cell, in thousands of grids together. The set of cells from which the targets can be reached grows,
one step of the way at a time, until it touches the agent; the border of walls keeps it from running over an edge.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int, UInt64

from stages.environments.gridworld import DOWN, LEFT, RIGHT, STAY, UP

PREFERENCE = np.array([UP, LEFT, RIGHT, DOWN])  # among equally short ways, the order of the published code


def cell_set(cells: Int[np.ndarray, "grids cells"]) -> UInt64[np.ndarray, "grids"]:
    """The sets of the numbered cells; cell 0, the corner, is left out."""
    bits = np.where(cells > 0, np.uint64(1) << cells.astype(np.uint64), np.uint64(0))
    words: np.ndarray = np.bitwise_or.reduce(bits, axis=1)
    return words


def first_step(
    agent: UInt64[np.ndarray, "grids"],
    targets: UInt64[np.ndarray, "grids"],
    free: UInt64[np.ndarray, "grids"],
    size: int,
) -> Int[np.ndarray, "grids"]:
    """The action that begins a shortest way from each agent to the nearest target, staying where there is none.

    Args:
        agent: The cell of each agent, none of them a target.
        targets: Cells to be reached.
        free: Cells that may be passed on the way.
        size: Rows and columns of a grid, at most 8.
    """
    row, column = np.uint64(size), np.uint64(1)
    beside = np.stack([agent >> row, agent >> column, agent << column, agent << row])
    action = np.full(len(agent), STAY)
    reached = targets
    while True:
        touches = (beside & reached) != 0
        arrived = touches.any(axis=0) & (action == STAY)
        action[arrived] = PREFERENCE[touches.argmax(axis=0)[arrived]]
        around = (reached >> row) | (reached << row) | (reached >> column) | (reached << column)
        grown = reached | (around & free)
        if (action != STAY).all() or (grown == reached).all():
            return action
        reached = grown
