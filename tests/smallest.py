"""The smallest settings of each method, which its test file keeps as `SMALLEST`: a new method brings its own."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

from stages.registry import Choice, Registry
from stages.settings import Settings

ROOT = Path(__file__).resolve().parents[1]


def smallest(settings: type[Settings], module: str | None = None, **changes: Any) -> Settings:
    """The least that makes sense, from the test file of `module` (of the class, if not told), with some changes."""
    folder, _, name = (module or settings.__module__).removeprefix("stages.").rpartition(".")
    file = ROOT / "tests" / folder.replace(".", "/") / f"test_{name}.py"
    wanted = f"{file.relative_to(ROOT)} has no SMALLEST = [{settings.__name__}(...)]"
    assert file.is_file(), wanted
    kept = getattr(importlib.import_module(f"tests.{folder}.test_{name}"), "SMALLEST", [])
    found = [values for values in kept if type(values) is settings]
    assert found, wanted
    return settings.model_validate({**found[0].model_dump(), **changes})


def smallest_choice(registry: Registry, name: str, **changes: Any) -> Choice:
    """The method called `name` with its smallest settings, changed where it has such settings."""
    model = registry.settings(name)
    had = {key: value for key, value in changes.items() if key in model.model_fields}
    return Choice(name, registry.entry(name), smallest(model, registry.module(name), **had))
