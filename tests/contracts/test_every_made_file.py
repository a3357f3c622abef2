"""Whatever the project made and reads back may be empty, cut or another program's: one line names it and the remedy."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.clustering.clusters_file import ClustersFile
from stages.embeddings.contract import load_embedder
from stages.embeddings.skills.skills import Skills
from stages.empo.improvement import Critics
from stages.errors import UserError
from stages.formats.native import read_header, read_native, write_native
from stages.generators.trained_behaviours import TrainedBehaviourSettings, _manifest
from stages.made_files import read_object, read_table
from stages.networks.ensemble import Ensemble
from stages.online.actors import Actors
from stages.reporting.gathering import gather
from stages.reporting.kit.records import read_rows
from stages.reporting.kit.tensors import TensorFile
from stages.reporting.sections import SOURCES
from stages.safety.segments.partition import Partition
from tests.synthetic import make_episodes

LABELS = {"labels": torch.zeros(1, 5, dtype=torch.int64)}


def artifact(path: Path) -> None:
    Artifact(LABELS, {"kind": "clusters", "num_clusters": 1, "seeds": [0]}).save(path)


def actors(path: Path) -> None:
    scaling = torch.zeros(1, 3), torch.ones(1, 3)
    Actors(("medium",), Ensemble((3, 4)), torch.zeros(16), *scaling, False).save(path, {"behaviours": {}})


def native(path: Path) -> None:
    write_native(path, replace(make_episodes([5, 6]), environment="navigation"))


def json_file(path: Path) -> None:
    path.write_text(json.dumps({"behaviours": {"medium": {"mean_return": 1.0}}}, indent=2) + "\n")


def manifest(path: Path) -> str:
    settings = {
        "environment": "Hopper-v4",
        "behaviours": {"medium": 1},
        "actors": str(path.with_suffix(".safetensors")),
    }
    return _manifest(TrainedBehaviourSettings.model_validate(settings))


def table(path: Path) -> None:
    path.write_text("dataset,value\nnavigation,1.25\nhopper,2.5\n")


@dataclass(frozen=True)
class Row:
    dataset: str
    value: float


Make, Read = Callable[[Path], None], Callable[[Path], Any]
KINDS: dict[str, tuple[str, Make, Read]] = {
    "artifact": ("a.safetensors", artifact, lambda path: Artifact.load(path, "clusters")),
    "clusters": ("a.safetensors", artifact, ClustersFile.read),
    "tensors": ("a.safetensors", artifact, lambda path: TensorFile(path, needed=("labels",))),
    "actors": ("a.safetensors", actors, Actors.load),
    "dataset": ("a.hdf5", native, read_native),
    "header of a dataset": ("a.hdf5", native, read_header),
    "manifest": ("a.json", json_file, manifest),
    "object": ("a.json", json_file, read_object),
    "table": ("a.csv", table, lambda path: read_rows(path, Row)),
}
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda raw: b"",
    "cut": lambda raw: raw[: len(raw) // 2],
    "zeros": lambda raw: bytes(len(raw)),
    "foreign": lambda raw: b"\x00\x00\x00\x01Bud1\x00\xff\xfe",
    "a page": lambda raw: b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n",
}


def one_line(error: UserError, path: Path) -> None:
    said = str(error)
    assert said.startswith(f"{path}: ") and "\n" not in said
    assert error.remedy


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_damaged_file_is_named(tmp_path: Path, kind: str, damage: str) -> None:
    name, make, read = KINDS[kind]
    path = tmp_path / name
    make(path)
    read(path)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(UserError) as caught:
        read(path)
    one_line(caught.value, path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_pipe_in_place_of_a_file_is_named(tmp_path: Path, kind: str) -> None:
    name, _, read = KINDS[kind]
    path = tmp_path / name
    os.mkfifo(path)
    with pytest.raises(UserError, match="is a pipe or a device, not a file") as caught:
        read(path)
    one_line(caught.value, path)


@pytest.mark.parametrize("text", ["[]", "3", "null", '"text"', '{"behaviours": [1]}', '{"behaviours": null}', "{}"])
def test_a_manifest_of_another_shape_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError) as caught:
        manifest(tmp_path / "a.json")
    one_line(caught.value, tmp_path / "a.json")


@pytest.mark.parametrize("cut", range(1, len("dataset,value\nnavigation,1.25\nhopper,2.5\n")))
def test_a_table_that_was_cut_is_never_read_as_a_shorter_number(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.csv"
    table(path)
    whole = read_table(path)
    path.write_bytes(path.read_bytes()[:cut])
    try:
        assert read_table(path) == whole[: len(read_table(path))]  # cut between lines, which nothing tells
    except UserError as error:
        one_line(error, path)


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    artifact(tmp_path / "a.safetensors")
    with pytest.raises(UserError, match=r"a\.safetensors: holds clusters, not critics\. Give the file of"):
        Artifact.load(tmp_path / "a.safetensors", "critics")
    Artifact(LABELS, {}).save(tmp_path / "b.safetensors")
    with pytest.raises(UserError, match="holds something else, not critics"):
        Artifact.load(tmp_path / "b.safetensors", "critics")


ALTERED: dict[str, Callable[[Artifact], object]] = {
    "labels in one row": lambda file: file.tensors.update(labels=file.tensors["labels"].flatten()),
    "labels as amounts": lambda file: file.tensors.update(labels=file.tensors["labels"].double()),
    "labels of fewer seeds": lambda file: file.tensors.update(labels=file.tensors["labels"][:0]),
    "labels below zero": lambda file: file.tensors.update(labels=file.tensors["labels"] - 1),
    "labels beyond the clusters": lambda file: file.tensors.update(labels=file.tensors["labels"] + 1),
    "weights of other clusters": lambda file: file.tensors.update(responsibilities=torch.ones(1, 5, 2)),
    "an odd number of clusters": lambda file: file.metadata.update(num_clusters="one"),
    "a huge number of clusters": lambda file: file.metadata.update(num_clusters=1e30),
    "other seeds": lambda file: file.metadata.update(seeds=[0, 1]),
    "odd seeds": lambda file: file.metadata.update(seeds="0"),
}


@pytest.mark.parametrize("alteration", ALTERED)
def test_clusters_that_do_not_fit_together_are_named(tmp_path: Path, alteration: str) -> None:
    path = tmp_path / "a.safetensors"
    artifact(path)
    altered = Artifact.load(path)
    ALTERED[alteration](altered)
    altered.save(path)
    for read in (ClustersFile.read, lambda path: ClustersFile.of(Artifact.load(path))):
        with pytest.raises(UserError, match="is damaged") as caught:
            read(path)
        one_line(caught.value, path)


TAKEN_UP: dict[str, tuple[dict[str, Any], Callable[[Artifact], object]]] = {
    "offline": ({"method": "bc"}, lambda file: load_agent([file])),
    "safe": ({"method": "trac"}, lambda file: load_agent([file])),
    "imitator": ({}, lambda file: load_agent([file])),
    "by_cluster": ({}, lambda file: load_agent([file])),
    "clusters": ({"num_clusters": 1, "seeds": [0]}, lambda file: load_agent([file])),
    "critics": ({}, lambda file: Critics.of(file, 1, torch.device("cpu"))),
    "embedding": ({}, load_embedder),
    "skills": ({}, Skills),
    "partition": ({}, Partition.load),
}


@pytest.mark.parametrize("kind", TAKEN_UP)
def test_a_file_of_another_version_is_named(kind: str) -> None:
    facts, take_up = TAKEN_UP[kind]
    place = Path("results/a.safetensors")
    networks = {name: torch.zeros(1) for name in ("behaviours/parameters", "classifier/parameters")}
    with pytest.raises(UserError, match="was made by another version, or is damaged") as caught:
        take_up(Artifact(LABELS | networks, {"kind": kind} | facts, str(place)))
    one_line(caught.value, place)


# Where reporting finds its files, and what other programs might have put there.
PLACES = sorted({place for source in SOURCES for place in source.places if "{" in place})


@pytest.mark.parametrize("damage", ["empty", "foreign", "a page", "another archive"])
@pytest.mark.parametrize("place", PLACES)
def test_what_the_report_is_made_of_is_named(tmp_path: Path, place: str, damage: str) -> None:
    path = tmp_path / place.format_map(_Anything())
    path.parent.mkdir(parents=True, exist_ok=True)
    if damage == "another archive":
        _other_archive(path)
    else:
        path.write_bytes(DAMAGES[damage](b""))
    with pytest.raises(UserError) as caught:
        gather([str(path)], SOURCES)
    one_line(caught.value, path)


class _Anything(dict[str, str]):
    """A name for every wildcard."""

    def __missing__(self, key: str) -> str:
        return "0"


def _other_archive(path: Path) -> None:
    """A sound file of the kind that the suffix says, with other things in it."""
    if path.suffix == ".npz":
        np.savez(path, other=np.zeros(3))
    elif path.suffix == ".safetensors":
        Artifact({"metrics/loss/steps": torch.zeros(2)}, {"other": 1}).save(path)
    elif path.suffix in (".json", ".hdf5"):
        path.write_text('{"other": [1]}')
    else:
        path.write_text("other\nsound\n")
