import re
from pathlib import Path

from stages.formats.official_files import OFFICIAL, named_like, official_name


def test_there_are_three_robots_with_five_files_each():
    assert len(OFFICIAL) == 15
    assert len({sha256 for _, sha256 in OFFICIAL.values()}) == 15
    for name, (size, sha256) in OFFICIAL.items():
        assert re.fullmatch(r"(halfcheetah|hopper|walker2d)-(random|medium|expert|medium-(expert|replay))-v2", name)
        assert re.fullmatch("[0-9a-f]{64}", sha256) and size > 10**7


def test_a_copy_is_known_whatever_it_is_called(tmp_path, monkeypatch):
    (tmp_path / "x.hdf5").write_bytes(b"abc")
    monkeypatch.setitem(OFFICIAL, "hopper-medium-v2", (3, "digest"))
    assert official_name(tmp_path / "x.hdf5", "digest") == "hopper-medium-v2"
    assert official_name(tmp_path / "x.hdf5", "another") is None
    (tmp_path / "x.hdf5").write_bytes(b"abcd")
    assert official_name(tmp_path / "x.hdf5", "digest") is None


def test_official_names_are_known_in_both_spellings():
    assert named_like(Path("a/hopper_medium_replay-v2.hdf5")) == "hopper-medium-replay-v2"
    assert named_like(Path("hopper-medium-replay-v2.hdf5")) == "hopper-medium-replay-v2"
    assert named_like(Path("hopper_medium-v1.hdf5")) is None
