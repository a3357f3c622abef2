"""Rows of the table of compared agents: rollouts, and how each agent was trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic import Field

from stages.environments.normalised_score import normalised_score
from stages.errors import UserError
from stages.reporting import TABLES
from stages.reporting.gathering import gather_one
from stages.reporting.kit.records import frame
from stages.reporting.offline.results import OfflineRow
from stages.reporting.returns.results import SOURCES, Evaluation, Returns
from stages.settings import Settings

if TYPE_CHECKING:
    import pandas as pd


class Training(Settings):
    """How an agent was trained, and what it is compared with."""

    trained_on: str = Field("all episodes", description="what its algorithm learns from")
    reference: str = Field("", description="the agent that it is compared with")
    steps: int | None = Field(None, description="gradient steps of its algorithm")
    widths: str | None = Field(None, description="hidden layers of its algorithm")
    batch_size: int | None = Field(None, description="rows of a gradient step")


class OfflineTableSettings(Settings):
    """What the rollouts do not say."""

    environment: str = Field("", description="environment id, for D4RL scores where it has them")
    sampled: bool = Field(False, description="whether policies sampled their actions")
    agents: dict[str, Training] = Field({}, description="how each agent was trained, by name")


@TABLES.register("offline_rl", OfflineTableSettings)
def offline_table(files: Sequence[str], settings: OfflineTableSettings) -> pd.DataFrame:
    """One row per agent and seed, of the rollouts of one dataset, agents in the order of the files.

    Raises:
        UserError: There are no rollouts, or the files are of several datasets.
    """
    evaluations = gather_one(files, SOURCES).of(Returns).evaluations
    if not evaluations:
        raise UserError("no rollouts among the files", remedy="Run `python -m stages.evaluate` first")
    rows = [row for agent, evaluation in evaluations.items() for row in _rows(agent, evaluation, settings)]
    return frame(rows, OfflineRow).astype({"steps": "Int64", "batch_size": "Int64"})  # whole, though some are missing


def _rows(agent: str, evaluation: Evaluation, settings: OfflineTableSettings) -> list[OfflineRow]:
    training = settings.agents.get(agent, Training())
    scores = normalised_score(evaluation.returns, settings.environment)
    of_rollouts = evaluation.returns if scores is None else scores
    return [
        OfflineRow(
            agent=agent,
            **training.model_dump(),
            seed=int(seed),
            sampled=settings.sampled,
            return_mean=float(evaluation.returns[place].mean()),
            d4rl_score=None if scores is None else float(scores[place].mean()),
            rollouts=" ".join(f"{score:.5g}" for score in of_rollouts[place]),
        )
        for place, seed in enumerate(evaluation.seeds)
    ]
