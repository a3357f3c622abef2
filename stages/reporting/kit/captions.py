"""What agents, stages and scores are called in tables and pictures, from the sections' files ``captions.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def _captions() -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for file in sorted(Path(__file__).parents[1].glob("*/captions.yaml")):
        for kind, names in yaml.safe_load(file.read_text(encoding="utf-8")).items():
            merged.setdefault(kind, {}).update(names)
    return merged


def caption(kind: str, name: str) -> str:
    """Name to print for `name`, an entry of the `kind` (``agents``, ``stages``, ``scores``)."""
    return _captions().get(kind, {}).get(name, name.replace("_", " "))
