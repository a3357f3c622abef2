"""Rules of the code base that a machine can check."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted(path for folder in ("stages", "tests") for path in (ROOT / folder).rglob("*.py"))
STAGES = [path for path in SOURCES if path.is_relative_to(ROOT / "stages")]
LONGEST_FILE, LONGEST_FUNCTION, MEDIAN_FILE = 300, 50, 120
MEANINGLESS = {"utils", "util", "common", "helpers", "helper", "misc", "tools", "lib", "core", "stuff"}
RANDOM_OF_TORCH = set("rand randn randint randperm normal bernoulli multinomial rand_like randn_like".split())
RANDOM_IN_PLACE = {"normal_", "uniform_", "random_", "bernoulli_", "exponential_", "log_normal_", "cauchy_"}
NO_RANDOM_STATE = {"Generator", "Philox", "BitGenerator"}
AMERICAN = re.compile(r"behavior|normaliz|initializ|optimizer|summariz|standardiz|neighbor|favor|analyz|labeled")
# Named by a library, not by us.
FOREIGN = {"optimizer"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def dotted(node: ast.expr) -> str:
    """``a.b.c`` of an attribute chain, else an empty text."""
    if isinstance(node, ast.Attribute):
        inner = dotted(node.value)
        return f"{inner}.{node.attr}" if inner else ""
    return node.id if isinstance(node, ast.Name) else ""


def uses_of_global_randomness(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import) and any(alias.name == "random" for alias in node.names):
            yield f"line {node.lineno}: import random"
        if isinstance(node, ast.ImportFrom) and node.module in {"random", "numpy.random"}:
            yield f"line {node.lineno}: from {node.module}"
        if isinstance(node, ast.Attribute):
            chain = dotted(node)
            if re.fullmatch(r"(np|numpy)\.random\.\w+", chain) and node.attr not in NO_RANDOM_STATE:
                yield f"line {node.lineno}: {chain}"
            if chain in {"torch.manual_seed", "torch.seed", "torch.cuda.manual_seed", "torch.cuda.manual_seed_all"}:
                yield f"line {node.lineno}: {chain}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            seeded = any(keyword.arg == "generator" for keyword in node.keywords)
            drawn = (
                dotted(node.func) in {f"torch.{name}" for name in RANDOM_OF_TORCH} or node.func.attr in RANDOM_IN_PLACE
            )
            if drawn and not seeded:
                yield f"line {node.lineno}: {node.func.attr} without a generator"


def defined_names(path: Path) -> Iterator[tuple[int, str]]:
    """Names that the file itself gives to something, with their lines."""
    for node in ast.walk(tree(path)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_half_of_the_files_are_very_short():
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in STAGES)
    assert lengths[len(lengths) // 2] <= MEDIAN_FILE


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_functions_are_short(path):
    functions = [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef)]
    long = {node.name: node.end_lineno - node.lineno + 1 for node in functions}
    assert {name: lines for name, lines in long.items() if lines > LONGEST_FUNCTION} == {}


@pytest.mark.parametrize("path", STAGES, ids=name_of)
def test_modules_say_what_they_are(path):
    parts = {part.removesuffix(".py").strip("_") for part in path.relative_to(ROOT).parts}
    assert not parts & MEANINGLESS
    if path.name != "__init__.py":
        assert ast.get_docstring(tree(path)), "no docstring"


@pytest.mark.parametrize("path", [path for path in STAGES if path.name != "seeding.py"], ids=name_of)
def test_randomness_comes_from_seeded_generators(path):
    assert list(uses_of_global_randomness(path)) == []


@pytest.mark.parametrize("path", STAGES, ids=name_of)
def test_names_are_spelt_the_british_way(path):
    american = [
        (line, name) for line, name in defined_names(path) if AMERICAN.search(name.lower()) and name not in FOREIGN
    ]
    assert american == []
    assert not AMERICAN.search(path.stem)


@pytest.mark.parametrize("path", STAGES, ids=name_of)
def test_nothing_is_unpickled(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"^\s*(import pickle|from pickle)|torch\.load\(|allow_pickle=True", text, re.MULTILINE)


def test_the_rules_would_notice_offences(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text(
        "import random\nimport torch\nimport numpy as np\nnormalized = torch.randn(3)\nnp.random.seed(0)\nx.normal_()\n"
    )
    assert len(list(uses_of_global_randomness(bad))) == 4
    assert [name for _, name in defined_names(bad) if AMERICAN.search(name)] == ["normalized"]
    good = tmp_path / "good.py"
    good.write_text("import torch\ng = torch.Generator().manual_seed(0)\nnormalised = torch.randn(3, generator=g)\n")
    assert list(uses_of_global_randomness(good)) == []


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff is not installed")
@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=lambda command: command[0])
def test_ruff_is_content(command):
    run = subprocess.run(
        ["ruff", *command, "--no-cache", "stages", "tests"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
