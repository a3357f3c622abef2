"""``metadata.json`` of a Minari dataset, read and checked.

Besides Minari's own keys it may have ``unmix``: what this project knows of a dataset and Minari does not ask for: the
environment, whether or not Gymnasium has one of that name, the attributes, and the names of the true policies.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictInt, ValidationError

from stages.environments import ENVIRONMENTS
from stages.formats.flat_layout import check_attributes
from stages.formats.minari.folder import METADATA_FILE
from stages.formats.minari.spaces import refuse
from stages.formats.report import Report
from stages.settings import Settings
from stages.system_errors import naming

KEPT = ("dataset_id", "algorithm_name", "author", "code_permalink", "ref_min_score", "ref_max_score")
INCOMPLETE = "Check that the download is complete"


class OwnMetadata(Settings):
    """What this project adds."""

    environment: str = Field("", description="id of the environment; empty: unknown")
    attributes: dict[str, str] = Field({}, description="attributes of the dataset")
    behaviour_policy_names: tuple[str, ...] = Field((), description="names of the true policies")


class Metadata(BaseModel):
    """Minari's keys that matter here; others are kept as they are."""

    model_config = ConfigDict(extra="allow", frozen=True)

    total_episodes: StrictInt = Field(ge=1)
    total_steps: StrictInt = Field(ge=1)
    observation_space: str | dict[str, Any]
    action_space: str | dict[str, Any]
    data_format: Literal["hdf5", "arrow", "parquet"] = "hdf5"
    env_spec: str | None = None
    unmix: OwnMetadata | None = None


def read_metadata(folder: Path, report: Report) -> Metadata:
    """The metadata of the dataset whose ``data`` folder is `folder`.

    Raises:
        UserError: They are missing, damaged or incomplete.
    """
    path = folder / METADATA_FILE
    if not path.is_file():
        remedy = "Copy the whole folder of the dataset; files from before Minari 0.5 must be converted by Minari"
        refuse(report, "metadata", f"no {METADATA_FILE} beside the data", remedy=remedy)
    try:
        with naming(path):
            values = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        refuse(report, "metadata", f"is not JSON ({error})", METADATA_FILE, INCOMPLETE)
    if not isinstance(values, dict):
        refuse(report, "metadata", "holds no keys", METADATA_FILE, INCOMPLETE)
    if missing := [key for key, field in Metadata.model_fields.items() if field.is_required() and key not in values]:
        refuse(report, "missing-key", f"no {' and no '.join(missing)}", METADATA_FILE, "Let Minari write it again")
    try:
        return Metadata.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        place = f"{METADATA_FILE}: {'.'.join(map(str, first['loc']))}"
        message = first["msg"][0].lower() + first["msg"][1:]
        refuse(report, "metadata", f"{message}, not {str(first['input'])[:80]}", place)


def read_provenance(metadata: Metadata, report: Report) -> tuple[str, dict[str, str]]:
    """The environment's id, empty where it is none of this project's, and the dataset's attributes."""
    if metadata.unmix is not None:
        check_attributes(metadata.unmix.attributes, report)
        return metadata.unmix.environment, dict(metadata.unmix.attributes)
    extra = metadata.model_extra or {}
    found = {f"minari_{key}": extra[key] for key in KEPT if extra.get(key) is not None}
    attributes = {key: value if isinstance(value, str) else json.dumps(value) for key, value in found.items()}
    if metadata.env_spec is None:
        return "", attributes
    try:
        spec = json.loads(metadata.env_spec)
        environment, options = str(spec["id"]), dict(spec.get("kwargs") or {})
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        refuse(report, "metadata", f"is malformed ({type(error).__name__}: {error})", f"{METADATA_FILE}: env_spec")
    if environment not in ENVIRONMENTS.names():
        remedy = "Name the environment yourself where a known one fits"
        report.note("unknown-environment", f"recorded in {environment}, which is not known here", "env_spec", remedy)
        return "", attributes | {"minari_environment": environment}
    settings = _settings(environment, options, spec.get("max_episode_steps"), report)
    return environment, attributes | ({"environment_settings": json.dumps(settings)} if settings else {})


def _settings(environment: str, options: dict[str, Any], time_limit: Any, report: Report) -> dict[str, Any]:
    """What differs from the environment's defaults."""
    fields = ENVIRONMENTS.settings(environment).model_fields
    options = {key: value for key, value in options.items() if key != "render_mode"}
    if options and "options" not in fields:
        report.note("not-kept", f"left out: settings of {environment}: {', '.join(options)}", "env_spec")
        options = {}
    settings: dict[str, Any] = {"options": options} if options else {}
    if "max_episode_steps" in fields and isinstance(time_limit, int):
        if time_limit != fields["max_episode_steps"].default:
            settings["max_episode_steps"] = time_limit
    return settings
