"""Numbers that papers print, from the files ``published.yaml`` beside the sections that show them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import TypeAdapter

Entry = TypeVar("Entry")


@cache
def read_published(folder: Path, kind: type[Entry]) -> dict[str, Entry]:
    """The entries of a section's file by dataset, each as a `kind`, a frozen dataclass.

    Args:
        folder: The section's folder.
        kind: What an entry holds.
    """
    entries = yaml.safe_load((folder / "published.yaml").read_text(encoding="utf-8"))
    return TypeAdapter(dict[str, kind]).validate_python(entries)  # type: ignore[valid-type]
