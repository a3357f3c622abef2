"""How CPU time and memory of stages grow with the data, the number of clusters and the number of seeds.

    python -m benchmarks.growth [--only evidence em ...] [--missing]

Every measurement is a stage as the workflow runs it, in a process of its own with one thread, on the CPU, on random
data of the shape of HalfCheetah, recorded from linear policies. Writes `benchmarks/results/growth.csv`, the curves
`growth.svg` beside it, and the tables of the README; what is not measured anew is kept.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.growth_tables import Point, keep, load, show
from benchmarks.processes import Cost, measured
from benchmarks.synthetic_data import dataset_of_behaviours
from stages.algorithms import ALGORITHMS
from stages.formats.native import write_native

STEPS, CLUSTERS, SEEDS = (10_000, 100_000, 1_000_000, 2_000_000), (2, 5, 15), (1, 5, 20)
START, USUAL, MANY = 1_000, 200_000, 1_000_000  # steps of data: as good as none, while others vary, and for memory
FEWER = {"evidence": 10_000}  # while others vary
# Few steps or one epoch: what a step costs does not depend on the data, and how many there are is a setting.
SMALL = {"hidden_sizes": [32, 32], "batch_size": 1024}
STAGES: dict[str, tuple[str, dict[str, Any]]] = {
    "evidence": ("cluster_trajectories", {"method": "evidence"}),
    "em": (
        "cluster_trajectories",
        {"method": "em", "start": "random", "bias_epochs": 0, "pretrain_epochs": 0, "em_epochs": 1, **SMALL},
    ),
    "sarsa": ("train_critics", {"q_steps": 500, "value_epochs": 1, **SMALL}),
    "high_level": ("train_high_level", {"num_steps": 500, "hidden_sizes": [32, 32]}),
    "td3_bc": ("train_offline", {"method": "td3_bc", "num_steps": 500, "hidden_sizes": [64, 64]}),
}
FEW: dict[str, Any] = {"num_steps": 20}


def main() -> None:
    """Measure what is asked for, write everything."""
    parser = argparse.ArgumentParser(description="Measure how cost grows with data, clusters and seeds.")
    parser.add_argument("--only", nargs="+", default=[*STAGES, *ALGORITHMS.names()], metavar="NAME", help="what of it")
    parser.add_argument("--missing", action="store_true", help="only what was not measured before")
    arguments = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    plan = [*growth(), *learners()]
    found = {point: cost for point, cost in load().items() if point in plan}
    with tempfile.TemporaryDirectory() as folder:
        for point in plan:
            if point.name in arguments.only and not (arguments.missing and point in found):
                found[point] = measure(point, Path(folder))
                keep(found)
                print(f"{point}: {found[point].seconds:.1f} CPU s, {found[point].memory / 1e6:.0f} MB", flush=True)
    print("Written: " + ", ".join(str(path) for path in show(found)))


def growth() -> Iterator[Point]:
    """Each number by itself, the others being small; first almost no data, for what starting alone costs."""
    for name, (stage, _) in STAGES.items():
        usual = FEWER.get(name, USUAL)
        yield Point(name, "start", START, 2, 1)
        yield from (Point(name, "steps", steps, 2, 1) for steps in STEPS)
        if stage != "train_offline":
            yield from (Point(name, "clusters", usual, clusters, 1) for clusters in CLUSTERS)
        yield from (Point(name, "seeds", usual, 2, seeds) for seeds in SEEDS)


def learners() -> Iterator[Point]:
    """The other offline algorithms on a million steps, for their memory."""
    return (Point(name, "memory", MANY, 2, 1) for name in ALGORITHMS.names() if name not in STAGES)


def measure(point: Point, folder: Path) -> Cost:
    """CPU time and memory of one stage; data and clusters that it needs are made before."""
    stage, settings = STAGES.get(point.name) or ("train_offline", few_steps(point.name))
    inputs = [dataset(point, folder)]
    if stage == "cluster_trajectories":
        settings = settings | {"num_clusters": point.clusters}
    elif stage != "train_offline":
        inputs.append(clusters(point, folder, inputs[0]))
    return measured(
        "-m", f"stages.{stage}", *inputs, "--output", str(folder / "output.safetensors"), "--settings",
        json.dumps(settings), "--seeds", f"0-{point.seeds - 1}", "--device", "cpu",
    )  # fmt: skip


def dataset(point: Point, folder: Path) -> str:
    """A file of as many steps by as many behaviours as there are clusters."""
    path = folder / f"{point.steps}-{point.clusters}.hdf5"
    if not path.exists():
        write_native(path, dataset_of_behaviours(point.steps, point.clusters))
    return str(path)


def clusters(point: Point, folder: Path, dataset: str) -> str:
    """A file of clusters for stages that work on some: by returns, which costs little."""
    path = folder / f"clusters-{point.steps}-{point.clusters}-{point.seeds}.safetensors"
    if not path.exists():
        settings = json.dumps({"method": "return_kmeans", "num_clusters": point.clusters})
        seeds = f"0-{point.seeds - 1}"
        measured(
            "-m", "stages.cluster_trajectories", dataset, "--output", str(path), "--settings", settings,
            "--seeds", seeds,
        )  # fmt: skip
    return str(path)


def few_steps(algorithm: str) -> dict[str, Any]:
    """Settings of an algorithm that trains for next to no time; a plug-in does so by what it is plugged into."""
    if algorithm == "c4":
        return {"method": algorithm, "host": {"method": "td3_bc", **FEW}}
    return {"method": algorithm, **FEW}


if __name__ == "__main__":
    main()
