"""Snakemake's records: they travel with the results, and what is not a whole record stops nothing."""

from __future__ import annotations

import base64
import json
import os
import textwrap
from pathlib import Path

import pytest

from stages import records
from stages.errors import UserError
from stages.provenance import file_hash


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_records_move_into_results_once(checkout: Path) -> None:
    Path(".snakemake/metadata/@long").mkdir(parents=True)
    Path(".snakemake/metadata/a").write_text("{}")
    Path(".snakemake/metadata/@long/b").write_text("{}")
    for _ in range(2):
        records.keep_records_with_results()
        assert Path(".snakemake/metadata").readlink() == Path("../results/.provenance")
        assert sorted(p.name for p in Path("results/.provenance").rglob("*") if p.is_file()) == ["a", "b"]


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_records_linked_from_a_cache_become_copies(checkout: Path, link) -> None:
    cached = checkout / "cached"
    cached.write_text("{}")
    cached.chmod(0o444)
    Path("results/.provenance").mkdir(parents=True)
    link(cached, Path("results/.provenance/record"))
    records.keep_records_with_results()
    Path("results/.provenance/record").write_text("changed")
    assert cached.read_text() == "{}"


class Recorded:
    """Two files that Snakemake made and recorded: `source` was read to make `target`."""

    def __init__(self) -> None:
        Path("results/.provenance").mkdir(parents=True)
        Path(".snakemake/incomplete").mkdir(parents=True)
        self.source, self.target = f"results/{60 * 'long/'}source", "results/target"
        for file, text in ((self.source, "one"), (self.target, "two")):
            Path(file).parent.mkdir(parents=True, exist_ok=True)
            Path(file).write_text(text)
        self.record(self.source, {})
        self.record(self.target, {self.source: f"sha256:{file_hash(self.source)}"})

    def record(self, file: str, inputs: dict[str, str]) -> None:
        path = self.place(Path("results/.provenance"), file)
        path.write_text(json.dumps({"endtime": Path(file).stat().st_mtime, "input_checksums": inputs}))

    @staticmethod
    def place(folder: Path, file: str) -> Path:
        """Where Snakemake puts what it knows about `file`: a base64 name, cut into folders where it is long."""
        name = base64.urlsafe_b64encode(file.encode()).decode()
        *above, last = textwrap.wrap(name, 254)
        path = folder.joinpath(*(f"@{piece}" for piece in above), last)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recorded:
    monkeypatch.chdir(tmp_path)
    return Recorded()


def test_files_as_recorded_are_trusted(recorded: Recorded) -> None:
    assert records.untrusted() == []
    os.utime(recorded.source, (1, 1))
    assert records.untrusted() == []


def test_a_file_with_other_contents_is_not_trusted(recorded: Recorded) -> None:
    Path(recorded.source).write_text("other")
    os.utime(recorded.source, (1, 1))
    assert records.untrusted() == [recorded.source]
    with pytest.raises(UserError, match=r"not the files that your results were computed from: .*source.*dvc checkout"):
        records.refuse_mixture()


def test_a_file_that_was_just_made_again_or_never_finished_is_for_snakemake_to_judge(recorded: Recorded) -> None:
    Path(recorded.source).write_text("made again")
    recorded.record(recorded.source, {})
    assert records.untrusted() == []
    os.utime(recorded.source, (1, 1))
    assert records.untrusted() == [recorded.source]
    recorded.place(Path(".snakemake/incomplete"), recorded.source).touch()
    assert records.untrusted() == []
    Path(recorded.source).unlink()
    assert records.untrusted() == []


def broken(contents: bytes):
    return lambda record: record.write_bytes(contents)


@pytest.mark.parametrize(
    "damage",
    [
        broken(b""),
        broken(b"{}"),
        broken(b"[]"),
        broken(b"null"),
        broken(b"\xff\xfe\x00"),
        broken(b'{"endtime": "yesterday"}'),
        broken(b'{"endtime": 1.0, "input_checksums": [1]}'),
        lambda record: record.write_bytes(record.read_bytes()[: record.stat().st_size // 2]),
    ],
)
def test_a_broken_record_is_removed_and_its_file_counts_as_unfinished(recorded: Recorded, damage) -> None:
    record = recorded.place(Path("results/.provenance"), recorded.source)
    damage(record)
    records.keep_records_with_results()
    assert not record.exists()
    marker = recorded.place(Path(".snakemake/incomplete"), recorded.source)
    assert json.loads(marker.read_text()) == {"external_jobid": None}
    assert recorded.place(Path("results/.provenance"), recorded.target).exists()
    records.refuse_mixture()


@pytest.mark.parametrize("name", [".DS_Store", ".nfs0001", "Thumbs.db", "abc", "cmVj.copy", "@x/._y", "not a record"])
@pytest.mark.parametrize("contents", [b"", b"\x00\x00\x00\x01Bud1\x00\xff", b"{}"])
def test_foreign_files_among_the_records_are_left_alone(recorded: Recorded, name: str, contents: bytes) -> None:
    foreign = Path("results/.provenance", name)
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_bytes(contents)
    records.keep_records_with_results()
    records.refuse_mixture()
    assert foreign.read_bytes() == contents
    assert not any(path.is_file() for path in Path(".snakemake/incomplete").rglob("*"))


@pytest.mark.parametrize("length", [100, 186, 190])
def test_a_linked_record_with_a_name_as_long_as_can_be_becomes_a_copy(checkout: Path, length: int) -> None:
    record = Recorded.place(Path("results/.provenance"), length * "x")
    cached = checkout / "cached"
    cached.write_text('{"endtime": 1.0}')
    os.link(cached, record)
    (record.parent / ".record-abc").write_text("left over by a kill")
    records.keep_records_with_results()
    assert record.stat().st_nlink == 1 and record.read_text() == cached.read_text()
    assert [path.name for path in record.parent.iterdir()] == [record.name]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_record_that_may_not_be_read_is_named(recorded: Recorded) -> None:
    recorded.place(Path("results/.provenance"), recorded.target).chmod(0)
    with pytest.raises(UserError, match=r"results/\.provenance/\S+: permission denied"):
        records.keep_records_with_results()
