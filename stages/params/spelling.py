"""Names in the params become names of files and parts of commands, so they are plain; values to try are different.

Names of datasets, recipes, agents, behaviours and studies: letters without accents, digits, and ``_ . -`` after the
first. That leaves out what a shell, a pattern or another file system would read as something else.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stages.errors import UserError
from stages.settings import Keys, Sources, placed

if TYPE_CHECKING:
    from stages.params.schema import Params

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
VALUE = re.compile(r"[A-Za-z0-9._+-]+")
LONGEST = 100
# File names that mean devices under Windows, whatever follows a dot.
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{digit}" for port in ("com", "lpt") for digit in range(1, 10))}


def check_spelling(params: Params, sources: Sources) -> None:
    """Check every name that a file may be called after, and the values that grids try.

    Raises:
        UserError: A name cannot be a file's, two differ in case alone, or a value is there twice.
    """
    for field in type(params).model_fields:
        block = getattr(params, field)
        if isinstance(block, dict):
            _check_names((field,), block, sources)
        for grid_keys, grid in _grids((field,), block):
            for part in ("vary", "vary_partition"):
                for setting, values in getattr(grid, part, {}).items():
                    _check_values((*grid_keys, part, setting), values, sources)


def problem(name: str) -> str:
    """Why `name` cannot be that of a file everywhere; empty if it can."""
    if len(name) > LONGEST:
        return f"has {len(name)} characters, names have at most {LONGEST}"
    if not NAME.fullmatch(name) or name.endswith("."):
        return "is no name of a file: use letters a-z, digits and, after the first, _ . -"
    if name.partition(".")[0].lower() in RESERVED:
        return "is the name of a device on some systems"
    return ""


def suggestion(name: str) -> str:
    """A plain name like `name`; empty if there is none."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()  # Without their accents.
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", letters)[:LONGEST].strip("-._")
    return "" if problem(plain) else plain


def _check_names(keys: Keys, names: Iterable[str], sources: Sources) -> None:
    seen: dict[str, str] = {}
    for name in names:
        if cause := problem(name):
            place = placed((*keys, name), sources) if name.isprintable() else f"{placed(keys, sources)}: {name!r}"
            plain = suggestion(name)
            raise UserError(cause, place=place, remedy=f"Call it {plain}" if plain else "Choose another name")
        if (other := seen.setdefault(name.lower(), name)) != name:
            cause = f"differs from {other} in case alone, which some file systems do not tell apart"
            raise UserError(cause, place=placed((*keys, name), sources), remedy="Choose another name")


def _grids(keys: Keys, block: Any) -> Iterator[tuple[Keys, Any]]:
    if hasattr(block, "vary"):
        yield keys, block
    elif isinstance(block, Mapping):
        for name, inner in block.items():
            if hasattr(inner, "vary"):
                yield (*keys, name), inner


def _check_values(keys: Keys, values: list[Any], sources: Sources) -> None:
    """Values become parts of recipes' names, and two equal ones would be one recipe trained twice."""
    place = placed(keys, sources)
    seen: list[Any] = []
    for value in values:
        if value is not None and not VALUE.fullmatch(str(value)):
            cause = f"the value {value!r} cannot be part of a file's name"
            raise UserError(cause, place=place, remedy="Write recipes of their own for such values")
        if (number := _number(value)) in seen:
            raise UserError(f"the value {value} is there twice", place=place, remedy="Keep one of them")
        seen.append(number)


def _number(value: Any) -> Any:
    """A number as float, even if it is written as text; anything else as text, since equal texts give equal names."""
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    try:
        return float(value)
    except (TypeError, ValueError):
        return str(value)
