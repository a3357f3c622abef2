"""Speed of the training steps against the plain one-seed loop and the machine's limit.

    python -m benchmarks.step_speed [--device cpu|cuda] [--rounds 7] [--seconds 0.5]

On the CPU: one process, one thread; all steps take turns, by the native layer and by torch alone, and are counted per
second of CPU time. On CUDA: replayed graphs against eager steps, per second of wall time. Prints tables, and writes
them to `benchmarks/results` and the README there.
"""

from __future__ import annotations

import argparse
import platform
from typing import Any

import torch

from benchmarks import matrix_limit
from benchmarks.engine_steps import CHUNK, Step, steps
from benchmarks.measure import Candidate, cpu_clock, cuda_clock, take_turns
from benchmarks.speed_tables import save, show
from benchmarks.synthetic_data import random_dataset
from stages.datasets.episodes import EpisodeDataset
from stages.networks.native.loading import switch_off
from stages.progress import Progress
from stages.training.device import pick
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.stepper import Stepper

SEEDS = {"cpu": (1, 5, 10), "cuda": (1, 10)}
Key = tuple[str, str, int]


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description="Measure the speed of the training steps.")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: the CPU, then CUDA where there is one")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each step")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one measurement, about")
    arguments = parser.parse_args()
    devices = [arguments.device] if arguments.device else ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device in devices:
        found = measure(pick(device), arguments.rounds, arguments.seconds)
        show(found)
        print("Written: " + ", ".join(str(path) for path in save(found)))


def measure(device: torch.device, rounds: int, seconds: float) -> dict[str, Any]:
    """All rates on one device, as plain values."""
    dataset = random_dataset()
    kinds = steps(dataset)
    compared = step_candidates(kinds, dataset, device)
    products = matrix_limit.candidates(device)
    everything = [*products.values(), *compared.values()]
    clock = cuda_clock if device.type == "cuda" else cpu_clock
    with Progress(f"measuring on {device.type}", rounds, unit="round") as progress:
        done = iter(range(1, rounds + 1))
        take_turns(everything, rounds, seconds, clock, lambda: progress.advance_to(next(done)))
    speeds: dict[str, dict[str, float]] = {}
    for (shape, precision), candidate in products.items():
        speeds.setdefault(shape, {})[precision] = candidate.rate * matrix_limit.operations(shape) / 1e9
    return {
        "device": device.type,
        "processor": describe(device),
        "torch": torch.__version__,
        "per": "second" if device.type == "cuda" else "CPU second of one core",
        "rounds": rounds,
        "limit_gflops": max(speed for by_precision in speeds.values() for speed in by_precision.values()),
        "products": speeds,
        "steps": [summary(key, kinds, compared) for key in compared],
    }


def step_candidates(kinds: dict[str, Step], dataset: EpisodeDataset, device: torch.device) -> dict[Key, Candidate]:
    """What is compared, by step, variant and number of seeds."""
    precision = torch.get_float32_matmul_precision()
    found: dict[Key, Candidate] = {}
    for name, kind in kinds.items():
        if kind.plain is not None and device.type == "cpu":
            found[name, "plain", 1] = plain(kind.plain(dataset))
        for num_seeds in SEEDS[device.type]:
            job = Job(dataset, range(num_seeds), device)
            if device.type == "cuda":
                found[name, "eager", num_seeds] = engine(kind.loop(job), num_seeds, precision, graph=False)
                found[name, "graph", num_seeds] = engine(kind.loop(job), num_seeds, precision)
            else:
                found[name, "torch", num_seeds] = engine(kind.loop(job), num_seeds, precision, native=False)
                found[name, "native", num_seeds] = engine(kind.loop(job), num_seeds, precision)
    return found


def engine(loop: Loop, num_seeds: int, precision: str, graph: bool = True, native: bool = True) -> Candidate:
    """A `Loop`, whole: gather, draws, update, log."""
    if not graph:
        loop.stepper = Stepper(loop.learner, loop.rows)

    def run(count: int) -> None:
        switch_off(not native)
        loop.run(loop.step + count // num_seeds)

    return Candidate(run, CHUNK * num_seeds, precision)


def plain(step: Any) -> Candidate:
    """The plain loop, under torch's default precision."""

    def run(count: int) -> None:
        for _ in range(count):
            step()

    return Candidate(run, CHUNK)


def summary(key: Key, kinds: dict[str, Step], compared: dict[Key, Candidate]) -> dict[str, Any]:
    """One row of the table, compared with the plain loop or, without one, the torch or eager step of as many seeds."""
    name, variant, num_seeds = key
    kind, candidate = kinds[name], compared[key]
    baselines = (name, "plain", 1), (name, "eager", num_seeds), (name, "torch", num_seeds)
    baseline = next(compared[other] for other in baselines if other in compared)
    return {
        "step": kind.title,
        "variant": variant,
        "seeds": num_seeds,
        "rate": candidate.rate,
        "rates": candidate.rates,
        "gflops": candidate.rate * kind.operations / 1e9,
        "ratio": None if baseline is candidate else candidate.ratio(baseline),
        "baseline_gflops": baseline.rate * kind.operations / 1e9,
        "target": kind.target if variant == "native" and num_seeds == max(SEEDS["cpu"]) else None,
    }


def describe(device: torch.device) -> str:
    """The processor in general terms."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"one {platform.machine()} core ({torch.backends.cpu.get_cpu_capability()})"


if __name__ == "__main__":
    main()
