"""The papers' numbers for a dataset, from ``published.yaml``."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stages.reporting.inputs import DatasetResults


@cache
def _tables() -> dict[str, dict[str, Any]]:
    entries: dict[str, dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("published.yaml").read_text())
    return entries


def published(results: DatasetResults) -> dict[str, Any]:
    """The entry of a dataset, or an empty one where no paper has it.

    D4RL's datasets are known by their environment and by what they mix: ``Hopper-v4`` with behaviours (or a dataset
    name) that say medium and expert is ``hopper-medium-expert``.
    """
    nothing: dict[str, Any] = {"agents": {}, "rollouts": {}, "sizes": {}, "source": "", "table": "", "note": ""}
    return _tables().get(published_key(results), nothing)


def published_key(results: DatasetResults) -> str:
    """The name under which the papers would print the dataset."""
    task = results.environment.partition("-")[0].lower()
    names = () if results.dataset is None else results.dataset.behaviour_policy_names
    words = " ".join([results.name, *names]).lower()
    return "-".join([task, *(quality for quality in ("medium", "expert") if quality in words and task != "navigation")])
