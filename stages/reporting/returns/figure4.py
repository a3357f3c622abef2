"""Full-batch and mini-batch improvement compared (EMPO, Figure 4): rows of the table, and the figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from stages.environments.normalised_score import normalised_score
from stages.errors import UserError, did_you_mean
from stages.plotting.improvement_epochs import improvement_epochs
from stages.reporting import TABLES
from stages.reporting.gathering import gather_one
from stages.reporting.kit.metrics import seeds_interval
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.records import frame
from stages.reporting.returns.results import SOURCES, Figure4Row, Returns
from stages.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


class Point(Settings):
    """What sets one agent apart from the others."""

    gradient: str = Field(description="name of the curve, such as full batch or mini-batch")
    epochs: int = Field(ge=0, description="improvement epochs")


class Figure4Settings(Settings):
    """Which agent is which point of the figure."""

    points: dict[str, Point] = Field({}, description="by agent: gradient and epochs")
    environment: str = Field("", description="environment id, for D4RL scores where it has them")


@TABLES.register("figure4", Figure4Settings)
def figure4_table(files: Sequence[str], settings: Figure4Settings) -> pd.DataFrame:
    """One row per agent and seed, of the rollouts of one dataset.

    Raises:
        UserError: An agent is no point of the figure.
    """
    results = gather_one(files, SOURCES)
    rows = []
    for agent, evaluation in results.of(Returns).evaluations.items():
        if agent not in settings.points:
            remedy = did_you_mean(agent, settings.points)
            raise UserError(f"no point for agent {agent!r}", place="--settings", remedy=remedy)
        point, returns = settings.points[agent], evaluation.mean_returns
        scores = normalised_score(returns, settings.environment)
        for row, seed in enumerate(evaluation.seeds):
            score = None if scores is None else scores[row]
            rows.append(Figure4Row(point.gradient, point.epochs, agent, int(seed), returns[row], score))
    return frame(rows, Figure4Row)


def figure4_picture(name: str, rows: Sequence[Figure4Row], resamples: int) -> Picture | None:
    """Scores against improvement epochs, a curve per gradient; None without rows."""
    if not rows:
        return None
    scored = all(row.d4rl_score is not None for row in rows)
    points: dict[str, dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        points[row.gradient][row.epochs].append(
            row.return_mean if not scored or row.d4rl_score is None else row.d4rl_score
        )
    curves = {
        gradient: [(epochs, seeds_interval(np.array(scores), resamples)) for epochs, scores in by_epochs.items()]
        for gradient, by_epochs in points.items()
    }
    figure = improvement_epochs(curves, "D4RL score (%)" if scored else "return")
    return picture(figure, f"{name}-figure4", "Score against improvement epochs for " + " and ".join(curves))
