"""The map behind a dataset's trajectories, from the settings that made it."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from stages.datasets.subgoals import SubgoalSettings
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.inputs import DatasetResults

TASK = "navigation"


def map_of(results: DatasetResults) -> NavigationMap | None:
    """The map of a navigation dataset, with the subgoals where the dataset says how it was made; None for other tasks."""
    if results.dataset is None or results.environment != TASK:
        return None
    settings = _settings(results.dataset.attributes)
    known = settings or SubgoalSettings()
    return NavigationMap(
        size=known.environment.size,
        goal=known.environment.goal,
        penalty_boxes=known.environment.penalty_boxes,
        subgoals=list(settings.behaviours.values()) if settings else (),
    )


def _settings(attributes: dict[str, str]) -> SubgoalSettings | None:
    for text in attributes.values():
        try:
            values: Any = json.loads(text)
            if isinstance(values, dict) and "behaviours" in values:
                return SubgoalSettings.model_validate({k: v for k, v in values.items() if k != "method"})
        except (ValidationError, ValueError):
            continue
    return None
