"""The map behind a dataset's trajectories, from the settings that made it, or the size of its grid."""

from __future__ import annotations

import json
from typing import TypeVar

from pydantic import ValidationError

from stages.environments import ENVIRONMENTS
from stages.environments.gridworld import Gridworld
from stages.environments.navigation import NavigationSettings
from stages.environments.safe_navigation import SafeNavigationSettings
from stages.generators.subgoals import SubgoalSettings
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.data.results import Data
from stages.settings import Settings

GEOMETRIES: dict[str, type[NavigationSettings]] = {
    "navigation": NavigationSettings,
    "safe_navigation": SafeNavigationSettings,
}
Model = TypeVar("Model", bound=Settings)


def map_of(data: Data) -> NavigationMap | None:
    """The map of a navigation dataset, with subgoals where it says how it was made; None for other tasks."""
    if data.dataset is None or data.environment not in GEOMETRIES:
        return None
    attributes, kind = data.dataset.attributes, GEOMETRIES[data.environment]
    geometry = _parsed(attributes.get("environment_settings", "{}"), kind) or kind.model_validate({})
    made = _parsed(attributes.get("generator", ""), SubgoalSettings)
    return NavigationMap(
        size=geometry.size,
        goal=geometry.goal,
        penalty_boxes=geometry.penalty_boxes,
        subgoals=list(made.behaviours.values()) if made else (),
        boxes_called="penalty" if data.dataset.costs is None else "cost",
    )


def _parsed(text: str, model: type[Model]) -> Model | None:
    """Settings from JSON, None if they are not of this kind (another generator, another version)."""
    try:
        values = json.loads(text)
        return model.model_validate({key: value for key, value in values.items() if key != "method"})
    except (ValidationError, ValueError, AttributeError):
        return None


def grid_size(data: Data) -> int | None:
    """Rows and columns of a gridworld whose observations begin with row and column of the agent; None for others."""
    dataset = data.dataset
    if dataset is None or dataset.num_actions is None or data.environment not in ENVIRONMENTS.names():
        return None
    task = ENVIRONMENTS.entry(data.environment)
    shown = issubclass(task, Gridworld) and dataset.observations.shape[1] == task.num_coordinates
    return task.size if shown else None
