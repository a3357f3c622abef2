"""Every global name that code uses is defined; shapes in annotations keep linters from seeing it."""

from __future__ import annotations

import builtins
import dis
import importlib
from collections.abc import Iterator
from pathlib import Path
from types import CodeType

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "stages").rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)


def globals_used(code: CodeType) -> Iterator[str]:
    """Names that the code, and whatever is defined in it, looks up among the module's own and the built-in names."""
    yield from (instruction.argval for instruction in dis.get_instructions(code) if instruction.opname == "LOAD_GLOBAL")
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from globals_used(constant)


@pytest.mark.parametrize("name", MODULES)
def test_every_name_is_defined(name):
    module = importlib.import_module(name)
    code = compile(Path(module.__file__).read_text(encoding="utf-8"), module.__file__, "exec", dont_inherit=True)
    defined = {*vars(module), *vars(builtins)}
    assert set(globals_used(code)) - defined == set()


def test_an_undefined_name_is_noticed():
    assert "missing" in set(globals_used(compile("def f():\n    return missing", "example", "exec")))
