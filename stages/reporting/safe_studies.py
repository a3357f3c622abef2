"""Studies of safe agents: variants that differ in one thing, scored under every cost limit, as rows of a table.

Columns: study, agent, variant (what is set differently, such as ``sides=desirable``), limit, seeds, {reward, cost}_mean
and _std over seeds (normalised, see `stages.reporting.safe_scores`), safe (1 where the mean cost keeps the limit).
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from pydantic import Field

from stages.errors import UserError, did_you_mean
from stages.reporting.inputs import DatasetResults
from stages.reporting.safe_scores import safe_scores
from stages.settings import Settings

UNCHANGED = "unchanged"
COLUMNS = (
    "study", "agent", "variant", "limit", "seeds", "reward_mean", "reward_std", "cost_mean", "cost_std", "safe"
)  # fmt: skip


class StudySettings(Settings):
    """Which agents a study compares, and what is set for each of them."""

    studies: dict[str, dict[str, dict[str, Any]]] = Field(
        {}, description="by study and agent: the settings that make the variant, none for the agent as it is"
    )


def study_rows(results: DatasetResults, settings: StudySettings) -> pd.DataFrame:
    """One row per study, variant and limit; an agent may stand in several studies.

    Raises:
        UserError: A study names an agent that was not run, or an agent belongs to no study.
    """
    known = results.safe_evaluations
    named = {agent for study in settings.studies.values() for agent in study}
    for agent in named - set(known):
        raise UserError(f"no rollouts of agent {agent!r}", place="--settings", remedy=did_you_mean(agent, known))
    for agent in set(known) - named:
        raise UserError(f"agent {agent!r} is in no study", place="--settings", remedy="Add it, or leave out its file")
    rows = [
        row
        for study, variants in settings.studies.items()
        for agent, changed in variants.items()
        for row in _rows(results, study, agent, changed)
    ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


def variant(changed: dict[str, Any]) -> str:
    """Settings as text, such as ``desirable_share=0.5, undesirable_share=0.25``."""
    told = {name: f"{value:g}" if isinstance(value, float) else str(value) for name, value in changed.items()}
    return ", ".join(f"{name}={value}" for name, value in told.items()) or UNCHANGED


def _rows(results: DatasetResults, study: str, agent: str, changed: dict[str, Any]) -> list[dict[str, Any]]:
    scores = safe_scores(results, results.safe_evaluations[agent])
    return [
        {
            "study": study,
            "agent": agent,
            "variant": variant(changed),
            "limit": float(limit),
            "seeds": len(scores.rewards),
            "reward_mean": scores.rewards[:, i].mean(),
            "reward_std": scores.rewards[:, i].std(),
            "cost_mean": scores.costs[:, i].mean(),
            "cost_std": scores.costs[:, i].std(),
            "safe": int(scores.safe[i]),
        }
        for i, limit in enumerate(scores.limits)
    ]
