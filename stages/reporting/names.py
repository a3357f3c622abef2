"""What agents, stages and scores are called in tables and pictures."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def _captions() -> dict[str, dict[str, str]]:
    entries: dict[str, dict[str, str]] = yaml.safe_load(Path(__file__).with_name("captions.yaml").read_text())
    return entries


def caption(kind: str, name: str) -> str:
    """Name to print for `name`, an entry of the `kind` (``agents``, ``stages``, ``scores``)."""
    return _captions().get(kind, {}).get(name, name.replace("_", " "))
