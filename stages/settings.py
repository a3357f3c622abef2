"""Everything that can be set: strict classes, and one line for whatever is wrong in values that were written.

The line names the file, the key path, the cause, and the nearest known key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from stages.errors import UserError, did_you_mean

Sources = Mapping[str, Mapping[str, Any]]
Keys = tuple[str | int, ...]
Widths = tuple[Annotated[int, Field(ge=1)], ...]  # of layers; none: a linear map
CostLimit = Annotated[float, Field(ge=0, allow_inf_nan=False)]  # of the undiscounted sum of an episode's costs
LONGEST = 80  # characters of a value that are quoted


class Settings(BaseModel):
    """A block of settings. Unknown keys are refused, values are checked against declared types and ranges."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False, protected_namespaces=()
    )

    @field_validator("*", mode="before")
    @classmethod
    def _as_it_looks(cls, value: Any, info: Any) -> Any:
        """Refuse what pydantic takes for something else: true for 1, "3" for 3, "yes" and 1 for true."""
        annotation = cls.model_fields[info.field_name].annotation
        inside = isinstance(value, list | tuple | Mapping)
        entries = list(value.values()) if isinstance(value, Mapping) else value if inside else [value]
        for entry in entries:
            kinds = _kinds(annotation, inside) if isinstance(entry, bool | int | str) else set()
            written = str(entry).lower() if isinstance(entry, bool) else _written(entry)
            if kinds & {type(entry), Any, Literal} or (float in kinds and type(entry) is int):
                continue
            if kinds & {int, float}:
                raise ValueError(f"should be a number, not {written}")
            if bool in kinds:
                raise ValueError(f"should be true or false, not {written}")
        return value


def refused(error: ValidationError, model: type[BaseModel], sources: Sources, at: Sequence[Keys] = ((),)) -> UserError:
    """The first problem of a validation error.

    Args:
        error: What pydantic found.
        model: The class that the values were checked against.
        sources: Contents of the params files, later ones on top.
        at: Key paths whose merged values were checked, later ones on top; the last that has the problem is named.
    """
    problem = error.errors()[0]
    keys = tuple(key for key in problem["loc"] if key != "[key]")
    path = next((base + keys for base in reversed(at) if _holder(sources, base + keys)), at[0] + keys)
    place = f"{_holder(sources, path) or next(iter(sources))}: {'.'.join(map(str, path))}"
    if problem["type"] == "extra_forbidden":
        return UserError("unknown key", place=place, remedy=did_you_mean(str(keys[-1]), _known_keys(model, keys[:-1])))
    if problem["type"] == "missing":
        return UserError("missing", place=place)
    if problem["type"] == "value_error":
        return UserError(str(problem["ctx"]["error"]), place=place)
    written = _written(problem["input"])
    if problem["type"] in ("dict_type", "model_type"):
        return UserError(f"should hold `key: value` lines, not {written}", place=place)
    _, should, rule = problem["msg"].partition(" after validation")[0].partition("should")
    return UserError(f"{should}{rule}, not {written}" if should else problem["msg"], place=place)


def _written(value: Any) -> str:
    """A value as it is quoted."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def unknown(path: Keys, choices: Sequence[str], sources: Sources, kind: str = "name") -> UserError:
    """The name at `path`, a key or the value there, is not among the `choices`."""
    value = _value(sources, path)
    named_there = isinstance(value, str) or path[-1] in ("method", "like") or isinstance(path[-1], int)
    word = str(value if named_there else path[-1])
    return UserError(f"unknown {kind} {word!r}", place=placed(path, sources), remedy=did_you_mean(word, choices))


def placed(path: Keys, sources: Sources) -> str:
    """``file: key.key`` for a key path."""
    return f"{_holder(sources, path) or next(iter(sources))}: {'.'.join(map(str, path))}"


def _holder(sources: Sources, path: Keys) -> str | None:
    """The last file that has the key path."""
    return next((name for name in reversed(list(sources)) if _has(sources[name], path)), None)


def _has(values: Any, path: Keys) -> bool:
    try:
        for key in path:
            values = values[key]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def _value(sources: Sources, path: Keys) -> Any:
    values: Any = sources[_holder(sources, path) or next(iter(sources))]
    for key in path:
        values = values[key] if _has(values, (key,)) else None
    return values


def _known_keys(model: type[BaseModel], keys: Keys) -> list[str]:
    """The keys that `model` allows at `keys` inside it."""
    annotation: Any = model
    for key in keys:
        annotation = _inside(annotation, key)
    inner = next(iter(_models(annotation)), model)
    return [field.alias or name for name, field in inner.model_fields.items()]


def _inside(annotation: Any, key: str | int) -> Any:
    for model in _models(annotation):
        for name, field in model.model_fields.items():
            if key in (name, field.alias):
                return field.annotation
    return annotation


def _models(annotation: Any) -> list[type[BaseModel]]:
    """The settings classes in a type such as ``dict[str, A] | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models(argument)]


def _kinds(annotation: Any, inside: bool = False) -> set[Any]:
    """The types that a union allows, those `inside` its lists and mappings; the type itself where it is none."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _kinds(arguments[0], inside)
    if origin in (Union, UnionType):
        return {kind for part in arguments for kind in _kinds(part, inside)}
    if inside:
        held = arguments if origin in (list, tuple) else arguments[1:] if origin is dict else ()
        return {kind for part in held for kind in _kinds(part)}
    return {origin if origin is Literal else annotation}
