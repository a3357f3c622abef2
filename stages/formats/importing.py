"""The user's files as one dataset: each recognised, read and validated, then joined."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int
from pydantic import Field, field_validator

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.joining import join
from stages.datasets.recordings import ATTRIBUTE, recording_of_episode, said_of
from stages.environments.base import VectorEnvironment
from stages.environments.loading import make
from stages.errors import UserError, did_you_mean
from stages.formats import FORMATS
from stages.formats.base import recognise
from stages.formats.counted_actions import numbered_anew
from stages.formats.d4rl import METADATA
from stages.formats.file_names import suggested_environment
from stages.formats.flat_layout import odd_names
from stages.formats.meaning import Meaning
from stages.formats.official_files import named_like, official_name
from stages.formats.report import Report
from stages.formats.unlikely_ends import ask_about_ends
from stages.formats.validate import validate
from stages.formats.wide_observations import projected
from stages.provenance import file_hash
from stages.system_errors import naming


class ImportSettings(Meaning):
    """How the user's files become one dataset."""

    environment: str = Field("", description="where the data are from, such as Hopper-v4; empty: unknown")
    environment_settings: dict[str, Any] = Field({}, description="the environment's settings, where not its defaults")
    label_by_file: bool = Field(False, description="take the file of origin as the true policy of its episodes")
    names: list[str] | None = Field(None, description="names of these policies, one per file; null: the files' names")
    format: str | None = Field(None, description="format of the files, such as d4rl; null: recognised file by file")
    project_to: int | None = Field(
        None, ge=0, description="random projections to make of wide observations; 0: keep all; null: ask"
    )
    ends_as_marked: bool = Field(False, description="accept one episode in all, or one a row, of more than 100 rows")

    @field_validator("format")
    @classmethod
    def _known(cls, name: str | None) -> str | None:
        if name is not None and name not in FORMATS.names():
            raise ValueError(f"unknown dataset format {name!r}. {did_you_mean(name, FORMATS.names())}")
        return name


@dataclass(frozen=True)
class Imported:
    """One file: what is in it, what was found, how it is remembered, and the order of recording, where it has one."""

    dataset: EpisodeDataset
    report: Report
    source: dict[str, Any]
    recording: Int[np.ndarray, "episodes"] | None


def import_files(files: Sequence[Path | str], settings: ImportSettings) -> tuple[EpisodeDataset, list[Report]]:
    """Read `files` (or folders) and join them, in little more memory than the joined dataset takes.

    Raises:
        UserError: A file is missing or refused, or the files do not fit together.
    """
    names = _policy_names([Path(file) for file in files], settings)
    if settings.environment:
        make(settings.environment, settings.environment_settings).close()
    parts = []
    for file in files:
        with naming(file):
            parts.append(_import_file(Path(file), settings))
    _check_fit(parts)
    _note_repetition(parts)
    reports, sources = [part.report for part in parts], [part.source for part in parts]
    datasets, order = [part.dataset for part in parts], said_of([part.recording for part in parts])
    del parts  # So that `join` can free the arrays one by one.
    joined = join(datasets, names)
    kept = {key: text for key, text in joined.attributes.items() if key == "environment_settings"}
    joined = replace(joined, attributes=kept | {"sources": json.dumps(sources)} | order)
    joined = projected(numbered_anew(joined, reports), settings.project_to, reports[0])
    return replace(joined, attributes=joined.attributes | _said(settings)), reports


def _note_repetition(parts: list[Imported]) -> None:
    """A note where a file's contents were there before: its episodes count twice."""
    first: dict[str, Imported] = {}
    for part in parts:
        if (other := first.setdefault(part.source["sha256"], part)) is not part:
            cause = f"has the same contents as {other.report.file}, so its episodes are there once more"
            part.report.note("twice", cause, remedy="Name it once, unless that is meant")


def _said(settings: ImportSettings) -> dict[str, str]:
    """What the settings changed of the observations, to be kept with the dataset."""
    said = {"offsets": settings.offsets, "leave_out": settings.leave_out, "project_to": settings.project_to}
    return {f"import_{name}": json.dumps(value) for name, value in said.items() if value}


def _import_file(path: Path, settings: ImportSettings) -> Imported:
    name = settings.format or recognise(path)
    report = Report(path)
    layout = FORMATS.entry(name)()
    dataset = layout.read(path, report, settings)
    recording = recording_of_episode(dataset)
    if layout.as_recorded and ATTRIBUTE not in dataset.attributes:
        recording = np.zeros(dataset.num_episodes, dtype=np.int64)
    metadata = {key: dataset.attributes[key] for key in METADATA if key in dataset.attributes}
    dataset = _placed(dataset, path, settings)
    if dataset.environment:
        environment = _environment_of(dataset, path)
        validate(dataset, report, environment)
        if dataset.num_actions is not None:  # Where the file does not say, it may have left out the last ones.
            dataset = replace(dataset, num_actions=environment.num_actions)
        environment.close()
    else:
        validate(dataset, report)
        if suggestion := suggested_environment(path.name):
            cause = f"none is set, the name suggests {suggestion}"
            report.note("unknown-environment", cause, remedy=f"Use the setting environment: {suggestion}")
    ask_about_ends(dataset, report, meant=settings.ends_as_marked)
    report.refuse()
    digest = file_hash(path)
    _compare_with_official(path, digest, report)
    source = {"file": path.name, "sha256": digest, "format": name}
    size = {"episodes": dataset.num_episodes, "steps": dataset.num_steps}
    return Imported(dataset, report, source | size | metadata, recording)


def _environment_of(dataset: EpisodeDataset, path: Path) -> VectorEnvironment:
    try:
        return make(dataset.environment, dataset.attributes.get("environment_settings"))
    except UserError as error:
        raise UserError(error.cause, place=error.place or str(path), remedy=error.remedy) from error


def _placed(dataset: EpisodeDataset, path: Path, settings: ImportSettings) -> EpisodeDataset:
    """The dataset with the environment of the settings, where they name one."""
    if settings.environment and dataset.environment not in ("", settings.environment):
        cause = f"recorded in {dataset.environment}, not in {settings.environment}"
        raise UserError(cause, place=str(path), remedy="Change or leave out the setting `environment`")
    if settings.environment:
        dataset = replace(dataset, environment=settings.environment)
    if dataset.environment and (settings.leave_out or any(settings.offsets.values())):
        cause = f"`offsets` and `leave_out` make other observations than {dataset.environment} gives to agents"
        raise UserError(cause, place=str(path), remedy="Leave them out, or the environment")
    if settings.environment_settings and not dataset.environment:
        cause = "`environment_settings` are given, but no environment"
        raise UserError(cause, place=str(path), remedy="Use the setting `environment`, too")
    if settings.environment_settings:
        dataset = replace(dataset, attributes={"environment_settings": json.dumps(settings.environment_settings)})
    return dataset


def _compare_with_official(path: Path, sha256: str, report: Report) -> None:
    if name := official_name(path, sha256):
        report.known_as = f"official D4RL {name}"
    elif name := named_like(path):
        cause = f"named like the official D4RL {name}, but its contents are others"
        report.note(
            "unofficial", cause, f"SHA-256 {sha256[:12]}...", "Download it again if it is meant to be that file"
        )


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
    if odd := odd_names(names):
        raise UserError(odd, place="names", remedy="Give each file its own in `names`")
    return names


def _check_fit(parts: list[Imported]) -> None:
    """All files must come from one environment and have rows of one size."""
    first = parts[0]
    for part in parts[1:]:
        for what, size in _sizes(part.dataset).items():
            if size != (expected := _sizes(first.dataset)[what]):
                cause = f"{what} {size}, those of {first.report.file} {expected}"
                raise UserError(cause, place=str(part.report.file), remedy="Join files of one environment only")
        if _origin(part) != _origin(first):
            cause = f"recorded in another environment than {first.report.file}"
            raise UserError(cause, place=str(part.report.file), remedy="Join files of one environment only")
        if (part.dataset.costs is None) != (first.dataset.costs is None):
            part.report.note("not-kept", "costs are left out, since not every file has them")


def _sizes(dataset: EpisodeDataset) -> dict[str, str]:
    """Of what the rows of the wide arrays are made, in words."""
    actions = f"have {dataset.actions.shape[1]} numbers" if dataset.num_actions is None else "are to choose from"
    return {"observations": f"have {dataset.observations.shape[1]} numbers", "actions": actions}


def _origin(part: Imported) -> tuple[str, Any]:
    return part.dataset.environment, json.loads(part.dataset.attributes.get("environment_settings", "{}"))
