"""Every global name that code uses is defined (shapes keep linters from seeing it), and names say what the thing is."""

from __future__ import annotations

import ast
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
VAGUE = {"own", "one", "told", "known"}  # charming once, opaque in the hundredth place
SOURCES = sorted(path for folder in ("stages", "benchmarks", "tests") for path in (ROOT / folder).rglob("*.py"))


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


def bound(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Names that code gives to values and arguments, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg):
            yield node.arg, node.lineno
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id, node.lineno


def test_names_say_what_the_thing_is():
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES}
    vague = [f"{path}:{line}: {name}" for path, tree in trees.items() for name, line in bound(tree) if name in VAGUE]
    assert vague == []
    assert ("own", 1) in list(bound(ast.parse("[own for own in things]")))
