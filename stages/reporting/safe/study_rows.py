"""Studies of safe agents: variants that differ in one thing, scored under every cost limit, as rows of a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from stages.errors import UserError, did_you_mean
from stages.reporting import TABLES
from stages.reporting.data.results import SOURCES as DATA
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults, gather_one
from stages.reporting.kit.records import frame
from stages.reporting.safe.results import EVALUATIONS, Safe, StudyRow
from stages.reporting.safe.scores import safe_scores
from stages.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

UNCHANGED = "unchanged"


class StudySettings(Settings):
    """Which agents a study compares, and what is set for each of them."""

    studies: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="by study and agent: the settings that make the variant, none for the agent as it is"
    )


@TABLES.register("safe_studies", StudySettings)
def study_table(files: Sequence[str], settings: StudySettings) -> pd.DataFrame:
    """The rows of all studies of one dataset, columns as in `StudyRow`.

    Args:
        files: The dataset and the rollouts of all variants.
        settings: The studies.

    Raises:
        UserError: See `study_rows`.
    """
    return frame(study_rows(gather_one(files, (*DATA, EVALUATIONS)), settings), StudyRow)


def study_rows(results: DatasetResults, settings: StudySettings) -> list[StudyRow]:
    """One row per study, variant and limit; an agent may stand in several studies.

    Raises:
        UserError: A study names an agent that was not run, or an agent belongs to no study.
    """
    evaluations = results.of(Safe).evaluations
    named = {agent for study in settings.studies.values() for agent in study}
    for agent in named - set(evaluations):
        raise UserError(f"no rollouts of agent {agent!r}", place="--settings", remedy=did_you_mean(agent, evaluations))
    for agent in set(evaluations) - named:
        raise UserError(f"agent {agent!r} is in no study", place="--settings", remedy="Add it, or leave out its file")
    return [
        row
        for study, variants in settings.studies.items()
        for agent, changed in variants.items()
        for row in _rows(results, study, agent, changed)
    ]


def variant(changed: dict[str, Any]) -> str:
    """Settings as text, such as ``desirable_share=0.5, undesirable_share=0.25``."""
    texts = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in changed.items()}
    return ", ".join(f"{name}={text}" for name, text in texts.items()) or UNCHANGED


def _rows(results: DatasetResults, study: str, agent: str, changed: dict[str, Any]) -> list[StudyRow]:
    scores = safe_scores(results.of(Data), results.of(Safe).evaluations[agent])
    return [
        StudyRow(
            study=study,
            agent=agent,
            variant=variant(changed),
            limit=float(limit),
            seeds=len(scores.rewards),
            reward_mean=scores.rewards[:, i].mean(),
            reward_std=scores.rewards[:, i].std(),
            cost_mean=scores.costs[:, i].mean(),
            cost_std=scores.costs[:, i].std(),
            safe=int(scores.safe[i]),
        )
        for i, limit in enumerate(scores.limits)
    ]
