"""Safe agents among the episodes that they learnt from: one plane of cost and return per cost limit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from stages.plotting import style

MARKERS = "osD^vPX<>"  # nine for eight colours, so that no two of 72 agents look alike
MOST_POINTS = 1500
MARGIN = 1.08
WIDE = 8.0  # largest cost over smallest limit from which on the axis is logarithmic beyond the limit


@dataclass(frozen=True)
class Achieved:
    """Mean cost and return of one agent by seed, under each limit; NaN under limits it was not run under."""

    title: str
    costs: Float[np.ndarray, "seeds limits"]
    returns: Float[np.ndarray, "seeds limits"]


@dataclass(frozen=True)
class Data:
    """The episodes of the dataset, and the corners of their frontier: the most return for so much cost."""

    costs: Float[np.ndarray, "episodes"]
    returns: Float[np.ndarray, "episodes"]
    front_costs: Float[np.ndarray, "pairs"]
    front_returns: Float[np.ndarray, "pairs"]


def cost_reward(agents: Sequence[Achieved], limits: Sequence[float], data: Data | None) -> Figure:
    """One panel per limit, costs beyond it shaded; a mark is an agent's mean, its whiskers the range over seeds."""
    largest, wide = _largest(agents, limits), is_logarithmic(agents, limits)
    with style.styled():
        columns = min(len(limits), 3)
        figure = Figure(figsize=(3.3 * columns, 3.4 * -(-len(limits) // columns) + 0.5), layout="constrained")
        grid = figure.subplots(-(-len(limits) // columns), columns, sharey=True, squeeze=False)
        for index, (axes, limit) in enumerate(zip(grid.ravel(), limits, strict=False)):
            _frame(axes, limit, largest, wide)
            if data is not None:
                _data(axes, data, largest)
            for number, agent in enumerate(agents):
                _mark(axes, agent, index, number)
        for axes in grid.ravel()[len(limits) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("return of an episode")
        _legend(figure, ["episodes of the data", "frontier of the data"] * (data is not None), agents)
    return figure


def _legend(figure: Figure, first: list[str], agents: Sequence[Achieved]) -> None:
    """Names of everything that any panel shows, the data's dots large enough to be seen."""
    shown = {
        str(name): mark for axes in figure.axes for mark, name in zip(*axes.get_legend_handles_labels(), strict=True)
    }
    titles = [title for title in [*first, *(agent.title for agent in agents)] if title in shown]
    legend = figure.legend(
        [shown[title] for title in titles], titles, loc="outside lower center", ncols=4, fontsize=8,
        labelcolor=style.INK,
    )  # fmt: skip
    for handle in legend.legend_handles:
        if isinstance(handle, PathCollection):
            handle.set(sizes=[14], alpha=0.7)


def is_logarithmic(agents: Sequence[Achieved], limits: Sequence[float]) -> bool:
    """Whether costs beyond the limits are so large that they are shown on a logarithmic scale."""
    return _largest(agents, limits) > WIDE * max(min(limits), 1.0)


def _largest(agents: Sequence[Achieved], limits: Sequence[float]) -> float:
    """The largest cost to show: a bit beyond the agents' and the limits."""
    return MARGIN * max(float(np.nanmax([np.nanmax(agent.costs) for agent in agents])), max(limits) * 1.15)


def _frame(axes: Axes, limit: float, largest: float, wide: bool) -> None:
    axes.axvline(limit, color=style.ALERT, linewidth=1, zorder=1)
    axes.axvspan(limit, largest, color=style.ALERT, alpha=0.07, linewidth=0, zorder=0)
    if wide:
        axes.set_xscale("symlog", linthresh=max(limit, 1.0), linscale=1.0)
        axes.set_xticks([0, limit, *_decades(limit, largest)])
        axes.xaxis.set_major_formatter(lambda value, _: f"{value:,.0f}")
        axes.xaxis.set_minor_locator(MaxNLocator(1))
    else:
        axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set_xlim(-0.02 * (limit if wide else largest), largest)
    axes.set_title(f"limit {limit:g}")
    axes.set_xlabel("cost of an episode")
    axes.grid(axis="y")
    axes.set_axisbelow(True)


def _decades(limit: float, largest: float) -> list[float]:
    """Round costs beyond the limit, far enough apart to be read."""
    steps = [factor * 10.0**power for power in range(-1, 8) for factor in (1, 3)]
    return [step for step in steps if 1.9 * max(limit, 1.0) < step < largest]


def _data(axes: Axes, data: Data, largest: float) -> None:
    """Episodes as faint points, thinned evenly where there are very many, and the staircase of the best."""
    shown = data.costs <= largest
    step = -(-int(shown.sum()) // MOST_POINTS) or 1
    axes.scatter(
        data.costs[shown][::step], data.returns[shown][::step], s=7, alpha=0.35, color=style.MUTED, linewidths=0,
        zorder=2, label="episodes of the data",
    )  # fmt: skip
    costs = np.append(data.front_costs, max(largest, float(data.front_costs[-1])))
    returns = np.append(data.front_returns, data.front_returns[-1])
    axes.step(
        costs, returns, where="post", color=style.INK, linewidth=1, alpha=0.7, zorder=3, label="frontier of the data"
    )


def _mark(axes: Axes, agent: Achieved, limit: int, number: int) -> None:
    costs, returns = agent.costs[:, limit], agent.returns[:, limit]
    if np.isnan(costs).all():
        return
    shade = style.colour(number)
    cost, value = costs.mean(), returns.mean()
    if len(costs) > 1:
        axes.hlines(value, costs.min(), costs.max(), color=shade, linewidth=1, alpha=0.75, zorder=4)
        axes.vlines(cost, returns.min(), returns.max(), color=shade, linewidth=1, alpha=0.75, zorder=4)
    axes.plot(
        cost, value, MARKERS[number % len(MARKERS)], color=shade, markersize=7, markeredgecolor=style.PAPER,
        markeredgewidth=0.8, linestyle="none", zorder=5, label=agent.title,
    )  # fmt: skip
