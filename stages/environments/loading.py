"""Environments from their id and settings, or from the dataset that was recorded in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from stages.environments import ENVIRONMENTS
from stages.environments.base import VectorEnvironment
from stages.errors import UserError
from stages.formats.native import read_header
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


def environment_of(dataset: Path | str) -> VectorEnvironment:
    """The environment that a native dataset file was recorded in, with the same settings.

    Raises:
        UserError: The file does not name its environment.
    """
    environment, attributes = read_header(dataset)
    if not environment:
        cause = "names no environment, so nothing can be evaluated in it"
        raise UserError(cause, place=str(dataset), remedy="Import it again with the setting `environment`")
    return make(environment, attributes.get("environment_settings"))
