"""Params files are read as they look, or refused in one line that says where not."""

from __future__ import annotations

import codecs
import math
import os
import string
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from stages.errors import UserError
from stages.params.reading import as_read, check_overlays, parse, read

NAMES = st.text(string.ascii_letters, max_size=8).map(lambda text: f"key{text}")


def refusal(text: str) -> str:
    with pytest.raises(UserError) as caught:
        parse(text, "params.yaml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3\n", "params.yaml: a: the key 'a' is written twice, in lines 1 and 3"),
        ("x:\n  a: 1\n  b: 2\n  a: 1\n", "params.yaml: x.a: the key 'a' is written twice, in lines 2 and 4"),
        ("x: {a: 1, a: 2}", "params.yaml: x.a: the key 'a' is written twice, in lines 1 and 1"),
        ("x: [{a: 1}, {a: 1,\n a: 2}]", "params.yaml: x.1.a: the key 'a' is written twice, in lines 1 and 2"),
        ('a: 1\n"a": 2\n', "params.yaml: a: the key 'a' is written twice, in lines 1 and 2"),
        ("x: &x {a: 1, a: 2}\ny: {<<: *x}\n", "params.yaml: x.a: the key 'a' is written twice, in lines 1 and 1"),
        ("2024: a\n'2024': b\n", "params.yaml: 2024: the key '2024' is written twice, in lines 1 and 2"),
        ('{"a": 1,\n "a": 2}', "params.yaml: a: the key 'a' is written twice, in lines 1 and 2"),
    ],
)
def test_a_key_written_twice_is_placed(text: str, said: str) -> None:
    assert refusal(text) == f"{said}. Keep one of them"


def test_merging_with_keys_on_top_is_no_repetition() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {c: 3}\nz: {<<: [*x, *y], a: 9}\nw:\n  <<: *x\n  <<: *y\n  b: 7\n"
    assert parse(text) == yaml.safe_load(text)
    assert parse(text)["z"] == {"a": 9, "b": 2, "c": 3}


@given(st.dictionaries(NAMES, st.integers(), min_size=1, max_size=8), st.data())
def test_a_repeated_key_is_found_wherever_it_is(values: dict[str, int], data: st.DataObject) -> None:
    lines = [f"{key}: {value}" for key, value in values.items()]
    again = data.draw(st.sampled_from(sorted(values)))
    lines.insert(data.draw(st.integers(0, len(lines))), f"{again}: 0")
    first, second = [number + 1 for number, line in enumerate(lines) if line.startswith(f"{again}: ")]
    assert f"x.{again}: the key '{again}' is written twice, in lines {first + 1} and {second + 1}" in refusal(
        "x:\n" + "\n".join(f"  {line}" for line in lines)
    )


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1e-3", 0.001), ("1E5", 100000.0), ("-2.5e+1", -25.0), (".5e1", 5.0), ("3.e2", 300.0), ("1.0e-3", 0.001),
        (".5", 0.5), ("5.", 5.0), ("0", 0), ("-0", 0), ("+7", 7), ("0.10", 0.1), ("00.5", 0.5), ("10", 10),
        ("true", True), ("False", False), ("null", None), ("~", None), ("", None), ("y", "y"), ("0-4", "0-4"),
        ('"010"', "010"), ("'no'", "no"), ("1.2.3", "1.2.3"), ("e3", "e3"), ("1e", "1e"), (".inf", math.inf),
    ],
)  # fmt: skip
def test_values_are_what_they_look_like(written: str, value: object) -> None:
    found = parse(f"x: {written}")["x"]
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("010", "YAML reads 010 as the number 8 (line 2). Write what is meant: 10 or \"010\""),
        ("1_000", "YAML reads 1_000 as the number 1000 (line 2)"),
        ("0x10", 'YAML reads 0x10 as the number 16 (line 2). Write what is meant: 16 or "0x10"'),
        ("0b11", 'YAML reads 0b11 as the number 3 (line 2). Write what is meant: 3 or "0b11"'),
        ("0o17", "YAML reads 0o17 as a text (line 2)"),
        ("09", "YAML reads 09 as a text (line 2)"),
        ("1:30", "YAML reads 1:30 as the number 90 (line 2)"),
        ("1:30.5", "YAML reads 1:30.5 as the number 90.5 (line 2)"),
        ("1_0.5", "YAML reads 1_0.5 as the number 10.5 (line 2)"),
        ("no", 'YAML reads no as false (line 2). Write true or false, or "no" for the text'),
        ("On", 'YAML reads On as true (line 2)'),
        ("2024-01-01", 'YAML reads 2024-01-01 as a date (line 2). Write "2024-01-01" for the text'),
        ("1e999", "1e999 is too large a number (line 2). Write a smaller one"),
    ],
)  # fmt: skip
def test_values_that_yaml_reads_as_something_else_are_refused(written: str, said: str) -> None:
    assert refusal(f"x:\n  - {written}").startswith(f"params.yaml: x.0: {said}")
    assert refusal(f"x:\n  [1, {written}]").startswith(f"params.yaml: x.1: {said}")


@given(st.floats(-1e300, 1e300), st.sampled_from(["{:e}", "{:.3E}", "{!r}", "{:g}"]))
def test_every_way_to_write_a_number_is_that_number(number: float, form: str) -> None:
    written = form.format(number)
    assert parse(f"x: {written}")["x"] == float(written)


def test_keys_are_text() -> None:
    assert parse("2024: {0: a}") == {"2024": {"0": "a"}}
    for key, meaning in {"no": "false", "1.5": "the number 1.5", "2024-01-01": "a date", "~": "nothing"}.items():
        said = f'params.yaml: {key}: YAML reads the key {key} as {meaning} (line 1). Write it in quotes: "{key}"'
        assert refusal(f"{key}: 1") == said
    assert "a key is a list or a mapping (line 1)" in refusal("? [a]\n: 1")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "params.yaml: is empty, it should hold `key: value` lines"),
        ("# a comment\n", "params.yaml: is empty, it should hold `key: value` lines"),
        ("---\n...\n", "params.yaml: is empty, it should hold `key: value` lines"),
        ("- a\n", "params.yaml: should hold `key: value` lines"),
        ("text", "params.yaml: should hold `key: value` lines"),
        ("a: 1\n\tb: 2\n", "params.yaml: not YAML: "),
        ("a: [1", "params.yaml: not YAML: "),
        ("a: 1\n---\nb: 2\n", "params.yaml: not YAML: expected a single document"),
        ("a: !!python/object:os.system x", "params.yaml: not YAML: could not determine a constructor"),
        ("a: *gone", "params.yaml: not YAML: found undefined alias"),
        ("a: \x07", "params.yaml: not YAML: unacceptable character"),
        ("a: &a {b: *a}", "params.yaml: a.b: contains itself (line 1). Write it out"),
        ("a: " + 5000 * "[", "params.yaml: is nested too deeply"),
    ],
)
def test_what_is_no_params_file_is_refused(text: str, said: str) -> None:
    assert refusal(text).startswith(said)


def test_json_is_read_like_yaml(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{\n\t"seeds": {"count": 1e0, "of": "a\\tb"}\n}')
    assert read(tmp_path / "a.json") == {"seeds": {"count": 1.0, "of": "a\tb"}}


TEXT = "name: Jürgen – größer\nlist:\n- 1\n- 2.5\n"


@pytest.mark.parametrize(
    "raw",
    [TEXT.encode(), codecs.BOM_UTF8 + TEXT.encode(), TEXT.replace("\n", "\r\n").encode(), TEXT.rstrip("\n").encode()],
)
def test_marks_and_line_ends_of_other_systems_do_not_matter(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "params.yaml").write_bytes(raw)
    assert read(tmp_path / "params.yaml") == {"name": "Jürgen – größer", "list": [1, 2.5]}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252", "utf-7"])
def test_other_encodings_are_named(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes("a: 1\nname: Jürgen\n".encode(encoding))
    if encoding == "utf-7":  # Its bytes are ASCII: a text as good as any.
        assert read(path)["name"] == "J+APw-rgen"
        return
    with pytest.raises(
        UserError, match=r"(UTF-16|UTF-32|not UTF-8 \(byte 0xfc in line 2\)).*Save it as UTF-8$"
    ) as error:
        read(path)
    assert str(path) in str(error.value)


@given(st.binary(max_size=60))
def test_no_bytes_lead_to_anything_but_values_or_one_line(tmp_path_factory: pytest.TempPathFactory, raw: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "params.yaml"
    path.write_bytes(raw)
    try:
        assert isinstance(read(path), dict)
    except UserError as error:
        assert str(path) in str(error) and "\n" not in str(error)


def test_files_that_are_none_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    for path, said in {
        tmp_path: "is a folder, not a file",
        tmp_path / "gone.yaml": "no such file. Check the path",
        tmp_path / "pipe": "is a pipe or a device, not a file",
        Path("/dev/zero"): "is a pipe or a device, not a file",
        tmp_path / "loop": "is a link that leads back to itself",
    }.items():
        with pytest.raises(UserError) as error:
            read(path)
        assert str(error.value).startswith(f"{path}: {said}")


def test_snakemakes_reading_agrees() -> None:
    text = "2024: {rates: [1e-3, 2.0], name: x}\n"
    assert as_read(yaml.safe_load(text)) == parse(text)


def test_overlays_are_checked_among_all_arguments(tmp_path: Path) -> None:
    (good := tmp_path / "good.yaml").write_text("seeds: {count: 1}\n")
    (bad := tmp_path / "bad.yaml").write_text("- seeds\n")
    check_overlays(["-n", "--configfile", str(good), "--config", "a=1", "data/generated/x.hdf5"])
    for option in (["--configfile", str(good), str(bad)], [f"--configfiles={bad}"], ["--configfile", str(bad), "-n"]):
        with pytest.raises(SystemExit, match=f"^error: {bad}: should hold `key: value` lines$"):
            check_overlays(["-n", *option])
