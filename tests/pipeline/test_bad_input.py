"""Input that Snakemake would stumble over before a stage sees it: followed, or refused in one line."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import h5py
import pytest
import yaml

from stages.formats.minari.reading import MinariFormat
from stages.formats.native import write_native
from tests.pipeline.conftest import NOT_COPIED
from tests.pipeline.project import NOTHING, ROOT, Project
from tests.synthetic import make_episodes

pytestmark = pytest.mark.slow

ODD = ["two words.hdf5", "it's.hdf5", "café.hdf5", "run{1}.hdf5", "a&b;c.hdf5", "$HOME.hdf5", "*.hdf5"]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A checkout with a folder and oddly called files to import, and nothing else to do."""
    path = tmp_path_factory.mktemp("bad") / "project"
    shutil.copytree(ROOT, path, ignore=NOT_COPIED)
    imports = {"folder": "data/external/mine-v0", "dash": "-x.hdf5"}
    imports |= {f"odd{index}": f"data/external/{name}" for index, name in enumerate(ODD)}
    MinariFormat().write(path / "data/external/mine-v0", make_episodes([4, 5]))
    for file in list(imports.values())[1:]:
        write_native(path / file, make_episodes([4, 5]))
    datasets = {name: {"import": {"files": [file]}} for name, file in imports.items()}
    (path / "params.yaml").write_text(yaml.safe_dump({"datasets": datasets}, allow_unicode=True), encoding="utf-8")
    project = Project(path)
    project.run("snakemake", *made(project))
    return project


def made(project: Project) -> list[str]:
    return [f"data/generated/{name}.hdf5" for name in project.params()["datasets"]]


def records(project: Project) -> list[Path]:
    return sorted(
        path for path in (project.path / "results/.provenance").rglob("*") if path.is_file() and path.name[0] != "."
    )


def test_folders_and_files_of_any_name_are_imported_and_followed(checkout: Project) -> None:
    assert all((checkout.path / file).is_file() for file in made(checkout))
    assert checkout.plan(*made(checkout)) == NOTHING
    for file in ("data/external/mine-v0/data/main_data.hdf5", "data/external/run{1}.hdf5"):
        with h5py.File(checkout.path / file, "r+") as opened:
            (opened["episode_1"] if "episode_1" in opened else opened)["rewards"][:] = 0
    assert checkout.plan(*made(checkout)) == Counter(import_dataset=2)
    checkout.run("snakemake", *made(checkout))
    assert checkout.plan(*made(checkout)) == NOTHING


@pytest.mark.parametrize("left", [b"", b'{"rule": "imp', b"\xff\x00"])
def test_a_record_lost_to_a_power_cut_makes_its_file_again(checkout: Project, left: bytes) -> None:
    records(checkout)[0].write_bytes(left)
    foreign = checkout.path / "results/.provenance/.DS_Store"
    foreign.write_bytes(b"\x00\x00\x00\x01Bud1\x00\xff")
    assert checkout.plan(*made(checkout)) == Counter(import_dataset=1)
    checkout.run("snakemake", *made(checkout))
    assert checkout.plan(*made(checkout)) == NOTHING


@pytest.mark.parametrize(
    ("contents", "said"),
    [
        (b"", "is empty, it should hold `key: value` lines"),
        (b"- seeds\n", "should hold `key: value` lines"),
        ("seeds: {count: 1}\n".encode("utf-16"), "is UTF-16, not UTF-8. Save it as UTF-8"),
        (b"seeds: {count: 1, count: 2}\n", "seeds.count: the key 'count' is written twice, in lines 1 and 1"),
        (None, "is a folder, not a file"),
    ],
)
def test_an_overlay_that_cannot_be_read_is_named(checkout: Project, tmp_path: Path, contents, said: str) -> None:
    overlay = tmp_path / "overlay.yaml"
    overlay.mkdir() if contents is None else overlay.write_bytes(contents)
    output = checkout.run("snakemake", "--dry-run", "--configfile", str(overlay), succeeds=False)
    assert f"error: {overlay}: {said}" in output and "Traceback" not in output


def test_an_overlay_in_json_works(checkout: Project, tmp_path: Path) -> None:
    (tmp_path / "overlay").write_text('{\n\t"seeds": {"count": 1}\n}')
    checkout.run("snakemake", *made(checkout), "--dry-run", "--configfile", str(tmp_path / "overlay"))


def test_a_half_merged_record_of_dvc_is_named(checkout: Project) -> None:
    record = checkout.path / "data/external/mine-v0.dvc"
    record.write_text("outs:\n<<<<<<< HEAD\n- md5: aa\n=======\n- md5: bb\n>>>>>>> other\n  path: mine-v0\n")
    output = checkout.run("snakemake", "--dry-run", succeeds=False)
    record.unlink()
    assert "error: data/external/mine-v0.dvc: holds the marks of an unfinished merge" in output
    assert "Traceback" not in output
