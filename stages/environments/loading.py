"""Environments from their id and settings, or from the dataset that was recorded in them."""

from __future__ import annotations

import json
from typing import Any

from stages.datasets.episodes import EpisodeDataset
from stages.environments.base import VectorEnvironment
from stages.errors import UserError
from stages.registry import ENVIRONMENTS


def make(environment_id: str, settings: dict[str, Any] | str | None = None) -> VectorEnvironment:
    """The environment `environment_id`, with settings that differ from the defaults, as a dictionary or as JSON.

    Raises:
        UserError: There is no such environment, or the settings do not fit it.
    """
    values = json.loads(settings) if isinstance(settings, str) else settings or {}
    environment, chosen = ENVIRONMENTS.parse({"method": environment_id, **values})
    return environment(chosen)


def environment_of(dataset: EpisodeDataset) -> VectorEnvironment:
    """The environment that a dataset was recorded in, with the same settings.

    Raises:
        UserError: The dataset does not name its environment.
    """
    if not dataset.environment:
        raise UserError(
            "the dataset does not name its environment, so nothing can be evaluated",
            remedy="Import it again with the setting `environment`",
        )
    return make(dataset.environment, dataset.attributes.get("environment_settings"))
