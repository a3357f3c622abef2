"""Who imports whom in `stages/`, held against the order of rooms that CONTRIBUTING.md gives.

python -m tests.style.arrows     prints every import against the order
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
LAST = "verbs"  # the room of all modules at the top of `stages/` that the list does not name


class Arrow(NamedTuple):
    """An import: the file and line where it stands, the importing and the imported room."""

    place: str
    user: str
    used: str

    def __str__(self) -> str:
        return f"{self.place}: {self.user} imports {self.used}, which comes after it"


def written_order(root: Path = ROOT) -> list[str]:
    """The rooms, lowest first, from the block of CONTRIBUTING.md that begins with ``rooms``."""
    (block,) = re.findall(r"^```rooms\n(.*?)^```", (root / "CONTRIBUTING.md").read_text(), re.MULTILINE | re.DOTALL)
    return block.split()


def against(order: list[str], root: Path = ROOT) -> list[Arrow]:
    """Imports of a room by one that comes before it; an order without any leaves no room for a circle."""
    position = {room: place for place, room in enumerate(order)}
    return [arrow for arrow in arrows(order, root) if position[arrow.used] > position[arrow.user]]


def arrows(order: list[str], root: Path = ROOT) -> Iterator[Arrow]:
    """Every import of one room by another.

    Raises:
        ValueError: A package is in no room.
    """
    for path in sorted((root / "stages").rglob("*.py")):
        user = _room(path.relative_to(root).with_suffix("").parts, order, root)
        for line, module in _imports(path, root):
            used = _room(tuple(module.split(".")), order, root)
            if used != user and user and used:
                yield Arrow(f"{path.relative_to(root)}:{line}", user, used)


def _room(parts: tuple[str, ...], order: list[str], root: Path) -> str | None:
    """The room of a module, None of `stages` itself and of what is no module of this project."""
    if parts[0] != "stages" or parts[1:] in ((), ("__init__",)):
        return None
    if parts[1] not in order and (root / "stages" / parts[1]).is_dir():
        raise ValueError(f"stages/{parts[1]} is not among the rooms of CONTRIBUTING.md")
    return parts[1] if parts[1] in order else LAST


def _imports(path: Path, root: Path) -> Iterator[tuple[int, str]]:
    """Lines and absolute names of what a file imports, wherever in it, for type checking, too."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


if __name__ == "__main__":
    found = against(written_order())
    print("\n".join(map(str, found)) or "no import against the order of rooms")
    sys.exit(bool(found))
