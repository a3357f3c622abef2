"""What surrounds the results: what differs from the paper, run times, versions."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from stages.reporting.inputs import Clusters, DatasetResults, Evaluation
from stages.reporting.names import caption
from stages.reporting.published import published
from stages.reporting.safe_inputs import SafeEvaluation

STEPS = {"q_steps": "SARSA steps", "num_steps": "high-level steps"}
PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "gymnasium", "mujoco", "h5py", "snakemake")


def differences(results: DatasetResults) -> list[tuple[str, str, str]]:
    """(quantity, here, in the paper) for each size that the paper states and our files tell."""
    here = _sizes(results)
    return [
        (name, f"{here[name]:,}", f"{theirs:,}")
        for name, theirs in published(results)["sizes"].items()
        if name in here and here[name] != theirs
    ]


def _sizes(results: DatasetResults) -> dict[str, int]:
    sizes: dict[str, int] = {}
    if results.dataset is not None:
        sizes["transitions"] = results.dataset.num_steps
    for evaluation in results.evaluations.values():
        sizes["seeds"], sizes["rollouts per seed"] = evaluation.returns.shape
    for clusters in results.clusterings.values():
        if "em_epochs" in clusters.settings and not clusters.trivial:
            sizes.setdefault("EM epochs at most", clusters.settings["em_epochs"])
    for trained in results.trained:
        told = trained.metadata.get("settings", {}) if trained.stage in ("critics", "high_level") else {}
        sizes |= {name: told[setting] for setting, name in STEPS.items() if setting in told}
    return sizes


def run_times(collection: Mapping[str, DatasetResults]) -> list[tuple[str, str, int, float]]:
    """(dataset, stage, jobs, seconds together), from Snakemake's benchmarks."""
    rows = []
    for name, results in collection.items():
        for stage in dict.fromkeys(one.stage for one in results.benchmarks):
            seconds = [one.seconds for one in results.benchmarks if one.stage == stage]
            rows.append((name, caption("stages", stage), len(seconds), sum(seconds)))
    return rows


def seeds(collection: Mapping[str, DatasetResults]) -> str:
    """The seeds in use, such as ``0-9``."""
    parts: list[Evaluation | Clusters | SafeEvaluation] = []
    for results in collection.values():
        parts += [*results.evaluations.values(), *results.clusterings.values(), *results.safe_evaluations.values()]
    used = {int(seed) for part in parts for seed in part.seeds}
    ordered = sorted(used)
    if len(ordered) > 1 and ordered == list(range(ordered[0], ordered[-1] + 1)):
        return f"{ordered[0]}-{ordered[-1]}"
    return ", ".join(map(str, ordered)) or "none"


def versions() -> list[tuple[str, str]]:
    """Python and the packages that results depend on."""
    found = [("Python", platform.python_version())]
    for package in PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            continue
    return found


def flattened(params: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as (path, value) rows, in order."""
    rows: list[tuple[str, str]] = []
    for key, value in params.items():
        if isinstance(value, Mapping) and value:
            rows += flattened(value, f"{prefix}{key}.")
        else:
            rows.append((f"{prefix}{key}", "" if value is None else str(value)))
    return rows
