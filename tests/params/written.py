"""The project's params, changed, and what is said about them."""

from __future__ import annotations

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.errors import UserError
from stages.params.recipes import Recipes
from stages.params.schema import load, overlaid

ROOT = Path(__file__).resolve().parents[2]


def project_params() -> dict[str, Any]:
    """The project's params, to change."""
    return deepcopy(_read())


@cache
def _read() -> dict[str, Any]:
    values: dict[str, Any] = yaml.safe_load((ROOT / "params.yaml").read_text())
    return values


def recipes(folder: Path, params: dict[str, Any], *overlays: dict[str, Any]) -> Recipes:
    """Settings from params files with these contents."""
    files = [folder / name for name in ("params.yaml", *(f"overlay{i}.yaml" for i in range(len(overlays))))]
    for file, values in zip(files, (params, *overlays), strict=True):
        file.write_text(yaml.safe_dump(values, sort_keys=False))
    return Recipes(*load(files))


def refusal(folder: Path, params: dict[str, Any], keys: str, value: Any) -> str:
    """What is said about `params` with one key changed, without the folder."""
    changed = overlaid(params, nested(keys, value))
    with pytest.raises(UserError) as caught:
        recipes(folder, changed)
    return str(caught.value).replace(f"{folder}/", "")


def nested(keys: str, value: Any) -> dict[str, Any]:
    for key in reversed(keys.split(".")):
        value = {key: value}
    return value
