"""The map of the navigation task under its trajectories: penalty boxes, goal, start, subgoals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from stages.plotting import style

Point = tuple[float, float]


@dataclass(frozen=True)
class NavigationMap:
    """What is drawn of the task; lengths in its own units."""

    size: float
    goal: Point
    penalty_boxes: Sequence[tuple[float, float, float, float]] = ()
    subgoals: Sequence[Sequence[Point]] = ()
    boxes_called: str = "penalty"

    @property
    def tolerance(self) -> float:
        """Deviation of a drawn path that no reader can see."""
        return self.size / 180


def draw(axes: Axes, place: NavigationMap) -> None:
    """Square, penalty boxes with their name, goal and start."""
    size = place.size
    margin = 0.025 * size
    axes.set(xlim=(-margin, size + margin), ylim=(-margin, size + margin), aspect="equal", xticks=[], yticks=[])
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.add_patch(Rectangle((0, 0), size, size, facecolor="none", edgecolor=style.RULE, linewidth=1, zorder=0))
    for x0, y0, x1, y1 in place.penalty_boxes:
        box = Rectangle((x0, y0), x1 - x0, y1 - y0, facecolor=style.SHADE, edgecolor=style.RULE, linewidth=1, zorder=0)
        axes.add_patch(box)
        inner = 0.02 * size
        axes.text(
            x1 - inner, y1 - inner, place.boxes_called, ha="right", va="top", fontsize=7.5, color=style.MUTED, zorder=1
        )
    axes.plot(
        *place.goal, marker="*", markersize=13, color=style.INK, markeredgecolor=style.PAPER, zorder=6, clip_on=False
    )
    axes.plot(0, 0, marker="o", markersize=5, color=style.INK, markeredgecolor=style.PAPER, zorder=6, clip_on=False)


def draw_subgoals(axes: Axes, subgoals: Sequence[Point], colour: str) -> None:
    """Subgoals as numbered dots, in the order in which they are visited."""
    for number, (x, y) in enumerate(subgoals, start=1):
        axes.plot(x, y, "o", markersize=11, color=colour, markeredgecolor=style.PAPER, zorder=5, clip_on=False)
        axes.text(
            x,
            y,
            str(number),
            color=style.PAPER,
            ha="center",
            va="center_baseline",
            fontsize=7,
            fontweight="bold",
            zorder=6,
        )
