"""What a result depends on besides its settings: the code that made it, and the contents of files."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")  # where a node of a syntax tree holds statements


def fingerprint(*parts: str | Path) -> str:
    """Hex SHA-256 of texts and of the contents of files (given as `Path`), in order; one text is not two half texts."""
    digest = hashlib.sha256()
    for part in parts:
        kind, content = ("file", file_hash(part)) if isinstance(part, Path) else ("text", part)
        digest.update(f"{kind} {len(content)} {content}\n".encode())
    return digest.hexdigest()


def code_hash(*modules: str) -> str:
    """Hash of `modules` and of every project module they import, directly or not.

    Comments, docstrings, formatting and imports for type checking do not count; data files beside the modules, such as
    templates, do. Imports by name at run time are not seen, so a job that uses a registered method names its module.
    """
    missing = [module for module in modules if _source(module) is None]
    if missing:
        raise ModuleNotFoundError(f"no module {missing[0]} in this project")
    sources = {module: _source(module) for module in sorted(set().union(*map(imported_modules, modules)))}
    parts = [part for module, source in sources.items() if source for part in (module, _read(source)[0])]
    return fingerprint(*parts, *_data_files({source.parent for source in sources.values() if source}))[:16]


@cache
def imported_modules(module: str) -> frozenset[str]:
    """`module` and every module of this project that importing it imports."""
    seen: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name not in seen and _source(name) is not None:
            seen.add(name)
            waiting += [name.rpartition(".")[0], *_read(_source(name))[1]]
    return frozenset(seen)


def file_hash(path: Path | str) -> str:
    """Hex SHA-256 of a file's contents, or of the names and contents of the files in a folder."""
    if Path(path).is_dir():
        files = sorted(file.relative_to(path) for file in _files(Path(path)))
        return fingerprint(*(part for file in files for part in (file.as_posix(), Path(path, file))))
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@cache
def _source(module: str) -> Path | None:
    """The file of a module of this project, None for any other."""
    base = PROJECT.joinpath(*module.split("."))
    candidates = (base / "__init__.py", base.with_name(f"{base.name}.py"))
    return next((path for path in candidates if path.is_file()), None) if module.split(".")[0] == "stages" else None


def _data_files(folders: Iterable[Path]) -> list[Path]:
    found = [path for folder in folders for path in folder.iterdir() if path.is_file()]
    return sorted(path for path in found if path.suffix not in (".py", ".pyc") and not path.name.startswith("."))


@cache
def _read(path: Path) -> tuple[str, list[str]]:
    """The code that can change a result, and the names that it imports; the tree in between is let go.

    Kept, the trees of all modules cost a plan 0.3 s more, since the garbage collector goes through them.
    """
    tree = _essential(ast.parse(path.read_text(), str(path)))
    return ast.unparse(tree), list(_imports(tree, path.relative_to(PROJECT).parent.parts))


def _essential(node: ast.AST) -> ast.AST:
    """A module or statement without docstrings, imports for type checking and names in registries.

    None of them can change a result. Expressions, nine tenths of the nodes, are passed over.
    """
    for block in BLOCKS:
        if statements := getattr(node, block, []):
            setattr(
                node, block, [ast.Pass() if _for_type_checking(inner) else _essential(inner) for inner in statements]
            )
    documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    if documented and ast.get_docstring(node, clean=False) is not None:
        node.body = node.body[1:] or [ast.Pass()]
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
        call = node.value
        if isinstance(call.func, ast.Name) and call.func.id == "Registry":
            call.args = call.args[:1]
    return node


def _for_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imports(node: ast.AST, package: tuple[str, ...]) -> Iterator[str]:
    """Absolute names that are imported; ``from a import b`` gives ``a`` and ``a.b``, either may be a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else ()
        base = ".".join([*above, *([node.module] if node.module else [])])
        yield from (base, *(f"{base}.{alias.name}" for alias in node.names))
    for block in BLOCKS:
        for inner in getattr(node, block, []):
            yield from _imports(inner, package)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())
