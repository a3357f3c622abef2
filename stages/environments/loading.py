"""Environments from their id and settings."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from stages.environments import ENVIRONMENTS
from stages.environments.base import VectorEnvironment
from stages.settings import refused


def make(environment_id: str, settings: dict[str, Any] | str | None = None) -> VectorEnvironment:
    """The environment `environment_id`, with settings that differ from the defaults, as a dictionary or as JSON.

    Raises:
        UserError: There is no such environment, or the settings do not fit it.
    """
    values = json.loads(settings) if isinstance(settings, str) else settings or {}
    model = ENVIRONMENTS.settings(environment_id)
    try:
        environment: VectorEnvironment = ENVIRONMENTS.entry(environment_id)(model.model_validate(values))
    except ValidationError as error:
        raise refused(error, model, {f"settings of {environment_id}": values}) from error
    return environment
