"""Params files, read so that every value is what it looks like, or refused in one line.

They are YAML, or JSON, which is a part of it, in UTF-8. YAML 1.1 reads `010` as 8, `1:30` as 90, `no` as false and
`2024-01-01` as a date, leaves `1e-3` a text, and lets the last of two equal keys win. Here `1e-3` is a number, a key
that is a whole number is the text that is written, and the others are refused; merging (`<<: *block`), with keys on top
of what is merged, works as usual.
"""

from __future__ import annotations

import argparse
import codecs
import json
import math
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from stages.errors import UserError
from stages.system_errors import naming

Values = dict[str, Any]
TAG = "tag:yaml.org,2002:"
EXPONENT = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+$")
WHOLE = re.compile(r"[-+]?(?:0|[1-9][0-9]*)$")
DECIMAL = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?$|[-+]?\.(?:inf|nan)$", re.IGNORECASE)
OTHER_BASE = re.compile(r"[-+]?0[xb][0-9a-fA-F]+$")
PADDED = re.compile(r"[-+]?0o?[0-9]+$")
MARKS = {
    "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),  # Before UTF-16, whose mark begins alike.
    "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}


class Loader(yaml.SafeLoader):
    """PyYAML's, which knows numbers like 1e-3."""


Loader.add_implicit_resolver(f"{TAG}float", EXPONENT, list("-+.0123456789"))


def read(path: Path | str) -> Values:
    """The contents of a params file.

    Raises:
        UserError: It is missing, may not be read, is not text in UTF-8, is not YAML or holds no keys; a key is written
            twice, or a value is not what it looks like.
    """
    path = Path(path)
    with naming(path):
        raw = path.read_bytes()
    return parse(_decoded(raw, str(path)), str(path))


def parse(text: str, place: str = "params") -> Values:
    """The values in a params file's text; `place` is its name in messages.

    Raises:
        UserError: As for `read`.
    """
    try:
        loader = Loader(text.replace("\t", " ") if _is_json(text) else text)
        node = loader.get_single_node()
        if isinstance(node, yaml.MappingNode):
            Spelling(place).check(node)
        values = loader.construct_document(node) if node is not None else None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).replace('in "<unicode string>", ', "in ").split())
        raise UserError(f"not YAML: {reason}", place=place) from error
    except ValueError as error:
        raise UserError(f"not YAML: {error}", place=place) from error
    except RecursionError as error:
        raise UserError("is nested too deeply", place=place) from error
    if values is None:
        raise UserError("is empty, it should hold `key: value` lines", place=place)
    if not isinstance(values, dict):
        raise UserError("should hold `key: value` lines", place=place)
    return values


def as_read(values: Any) -> Any:
    """Values that another program read from YAML, such as Snakemake's `config`, as `read` gives them."""
    if isinstance(values, Mapping):
        return {str(key): as_read(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [as_read(value) for value in values]
    return float(values) if isinstance(values, str) and EXPONENT.match(values) else values


def check_overlays(arguments: Sequence[str]) -> None:
    """Stop with one line if an overlay among `snakemake`'s arguments cannot be read.

    Snakemake reads them before the Snakefile, and says neither which file is at fault nor what to do; its profile comes
    before that.
    """
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--configfile", "--configfiles", nargs="+", default=[])
    try:
        for path in parser.parse_known_args(arguments)[0].configfile:
            read(path)
    except UserError as error:
        sys.exit(f"error: {error}")


class Spelling:
    """The rules for how keys and values are written, in one file."""

    def __init__(self, place: str) -> None:
        self.place = place
        self.seen: set[int] = set()

    def check(self, node: yaml.Node, keys: tuple[str, ...] = (), above: tuple[int, ...] = ()) -> None:
        """Check a node and all below it; an anchor's contents are checked once.

        Raises:
            UserError: A rule is broken.
        """
        if id(node) in above:
            raise self.refusal(keys, node, "contains itself", "Write it out")
        if id(node) in self.seen:
            return
        above = (*above, id(node))
        if isinstance(node, yaml.MappingNode):
            self._keys(node, keys)
            for key, value in node.value:
                self.check(value, (*keys, key.value), above)
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                self.check(value, (*keys, str(index)), above)
        elif node.style is None:
            self._value(node, keys)
        self.seen.add(id(node))

    def refusal(self, keys: tuple[str, ...], node: yaml.Node, cause: str, remedy: str) -> UserError:
        """The line about a node."""
        path = ".".join(keys)
        where = f"{self.place}: {path}" if path and path.isprintable() else self.place
        return UserError(f"{cause} (line {node.start_mark.line + 1})", place=where, remedy=remedy)

    def _keys(self, node: yaml.MappingNode, keys: tuple[str, ...]) -> None:
        lines: dict[str, int] = {}
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self.refusal(keys, key, "a key is a list or a mapping", "Write a name")
            if key.tag == f"{TAG}merge":
                continue
            line, path = key.start_mark.line + 1, (*keys, key.value)
            if key.value in lines:
                cause = f"the key {key.value!r} is written twice, in lines {lines[key.value]} and {line}"
                raise UserError(cause, place=self.refusal(path, key, "", "").place, remedy="Keep one of them")
            lines[key.value] = line
            if key.tag == f"{TAG}int" and WHOLE.match(key.value):
                key.tag = f"{TAG}str"
            if key.tag != f"{TAG}str":
                cause = f"YAML reads the key {key.value} as {_meaning(key)}"
                raise self.refusal(path, key, cause, f'Write it in quotes: "{key.value}"')

    def _value(self, node: yaml.ScalarNode, keys: tuple[str, ...]) -> None:
        text, kind = node.value, node.tag.removeprefix(TAG)
        plain = {
            "int": WHOLE.match(text) is not None,
            "float": DECIMAL.match(text) is not None,
            "bool": text.lower() in ("true", "false"),
            "timestamp": False,
            "str": not PADDED.match(text),
        }
        if not plain.get(kind, True):
            plainly = str(int(text, 0)) if OTHER_BASE.match(text) else text.lstrip("-+0o").replace("_", "") or "0"
            remedy = f'Write what is meant: {plainly} or "{text}"'
            if kind == "bool":
                remedy = f'Write true or false, or "{text}" for the text'
            elif kind == "timestamp" or ":" in text:
                remedy = f'Write "{text}" for the text'
            raise self.refusal(keys, node, f"YAML reads {text} as {_meaning(node)}", remedy)
        if kind == "float" and "inf" not in text.lower() and math.isinf(float(text.lower().replace(".nan", "0"))):
            raise self.refusal(keys, node, f"{text} is too large a number", "Write a smaller one")


def _meaning(node: yaml.ScalarNode) -> str:
    """What YAML makes of a scalar, in words."""
    kind = node.tag.removeprefix(TAG)
    value = yaml.SafeLoader("").construct_object(yaml.ScalarNode(node.tag, node.value)) if kind != "str" else None
    if kind == "bool":
        return str(value).lower()
    return {"null": "nothing", "timestamp": "a date", "str": "a text"}.get(kind, f"the number {value}")


def _decoded(raw: bytes, place: str) -> str:
    remedy = "Save it as UTF-8"
    for encoding, marks in MARKS.items():
        if raw.startswith(marks):
            raise UserError(f"is {encoding}, not UTF-8", place=place, remedy=remedy)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        cause = f"is not UTF-8 (byte 0x{raw[error.start]:02x} in line {line})"
        raise UserError(cause, place=place, remedy=remedy) from error
    if "\0" in text:
        raise UserError("holds zero bytes: UTF-16 without a mark, or not a text", place=place, remedy=remedy)
    return text


def _is_json(text: str) -> bool:
    """Whether the text is JSON, where tabs may stand between the values, as YAML has it not."""
    if "\t" not in text or not text.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
