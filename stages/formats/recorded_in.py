"""The environment that a dataset was recorded in.

Apart from `stages.formats.loading`, so that what only reads datasets does not depend on environments.
"""

from __future__ import annotations

from pathlib import Path

from stages.environments.base import VectorEnvironment
from stages.environments.loading import make
from stages.errors import UserError
from stages.formats.native import read_header


def environment_of(dataset: Path | str) -> VectorEnvironment:
    """The environment that a native dataset file was recorded in, with the same settings.

    Raises:
        UserError: The file does not name its environment.
    """
    environment, attributes = read_header(dataset)
    if not environment:
        cause = "names no environment, so nothing can be evaluated in it"
        remedy = "Import it again with the setting `environment`, or use estimate_returns"
        raise UserError(cause, place=str(dataset), remedy=remedy)
    return make(environment, attributes.get("environment_settings"))
