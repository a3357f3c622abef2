"""The user's files as one dataset: each recognised, read and validated, then joined."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.datasets.file_format import recognise
from stages.datasets.report import Report
from stages.datasets.validate import validate
from stages.environments.loading import make
from stages.errors import UserError
from stages.provenance import file_hash
from stages.registry import FORMATS
from stages.settings import Settings


class ImportSettings(Settings):
    """How the user's files become one dataset."""

    environment: str = Field("", description="where the data are from, such as Hopper-v4; empty: unknown")
    environment_settings: dict[str, Any] = Field({}, description="the environment's settings, where not its defaults")
    label_by_file: bool = Field(False, description="take the file of origin as the true policy of its episodes")
    names: list[str] | None = Field(None, description="names of these policies, one per file; null: the files' names")
    format: str | None = Field(None, description="format of the files, such as d4rl; null: recognised file by file")


@dataclass(frozen=True)
class Imported:
    """One file: what is in it, what its format is, and what was found."""

    dataset: EpisodeDataset
    format: str
    report: Report


def import_files(files: Sequence[Path | str], settings: ImportSettings) -> tuple[EpisodeDataset, list[Report]]:
    """Read `files` and join them.

    Raises:
        UserError: A file is missing or refused, or the files do not fit together.
    """
    names = _policy_names([Path(file) for file in files], settings)
    if settings.environment:
        make(settings.environment, settings.environment_settings).close()
    parts = [_import_file(Path(file), settings) for file in files]
    _check_fit(parts)
    joined = concatenate([part.dataset for part in parts], names)
    sources = [
        {
            "file": Path(part.report.file).name,
            "sha256": file_hash(part.report.file),
            "format": part.format,
            "episodes": part.dataset.num_episodes,
            "steps": part.dataset.num_steps,
        }
        for part in parts
    ]
    kept = {key: text for key, text in joined.attributes.items() if key == "environment_settings"}
    return replace(joined, attributes=kept | {"sources": json.dumps(sources)}), [part.report for part in parts]


def _import_file(path: Path, settings: ImportSettings) -> Imported:
    name = settings.format or recognise(path)
    report = Report(path)
    dataset = FORMATS.entry(name)().read(path, report)
    if settings.environment and dataset.environment not in ("", settings.environment):
        cause = f"recorded in {dataset.environment}, not in {settings.environment}"
        raise UserError(cause, place=str(path), remedy="Change or leave out the setting `environment`")
    if settings.environment:
        dataset = replace(dataset, environment=settings.environment)
    if settings.environment_settings:
        dataset = replace(dataset, attributes={"environment_settings": json.dumps(settings.environment_settings)})
    if dataset.environment:
        environment = make(dataset.environment, dataset.attributes.get("environment_settings"))
        validate(dataset, report, environment)
        environment.close()
    else:
        validate(dataset, report)
    report.refuse()
    return Imported(dataset, name, report)


def _policy_names(files: list[Path], settings: ImportSettings) -> list[str] | None:
    """Names of the true policies where the file of origin is to be one."""
    if not settings.label_by_file:
        if settings.names is not None:
            raise UserError("`names` are given but not used", place="names", remedy="Set label_by_file: true")
        return None
    names = settings.names if settings.names is not None else [file.stem for file in files]
    if len(names) != len(files):
        raise UserError(f"{len(names)} names for {len(files)} files", place="names", remedy="Give one name per file")
    if len(set(names)) < len(names):
        raise UserError("two files would have the same name", place="names", remedy="Give each file its own in `names`")
    return names


def _check_fit(parts: list[Imported]) -> None:
    """All files must come from one environment and have rows of one size."""
    first = parts[0]
    for part in parts[1:]:
        for what, size in (("observations", _width(part, "observations")), ("actions", _width(part, "actions"))):
            if size != _width(first, what):
                cause = f"{what} have {size} numbers, those of {first.report.file} {_width(first, what)}"
                raise UserError(cause, place=str(part.report.file), remedy="Join files of one environment only")
        if _origin(part) != _origin(first):
            cause = f"recorded in another environment than {first.report.file}"
            raise UserError(cause, place=str(part.report.file), remedy="Join files of one environment only")
        if (part.dataset.costs is None) != (first.dataset.costs is None):
            part.report.note("not-kept", "costs are left out, since not every file has them")


def _width(part: Imported, array: str) -> int:
    return int(getattr(part.dataset, array).shape[1])


def _origin(part: Imported) -> tuple[str, Any]:
    return part.dataset.environment, json.loads(part.dataset.attributes.get("environment_settings", "{}"))
