"""Speed of the training steps: native and torch, against the machine's limit, the plain loop and JAX.

    python -m benchmarks.step_speed [--device cpu|cuda] [--rounds 7] [--seconds 0.5] [--steps sarsa,td3_bc]

On the CPU: one process, one thread; all candidates take turns, and are counted per second of CPU time. Scans in JAX
take part where the environment `.venv-peers` exists (`make bench-peers`). On CUDA: replayed graphs against eager steps,
per second of wall time. Prints tables, and writes those of a whole run to `benchmarks/results` and the README there.

The same steps with the narrower vectors of AVX2, on a processor that has wider ones: `make bench-peers`, which sets
`UNMIX_ARCH` (the native layer), `ATEN_CPU_CAPABILITY`, `MKL_ENABLE_INSTRUCTIONS`, `ONEDNN_MAX_CPU_ISA` (torch) and
`XLA_FLAGS` (JAX).
"""

from __future__ import annotations

import argparse
import platform
from collections.abc import Callable
from typing import Any

import torch

from benchmarks import matrix_limit
from benchmarks.engine_steps import Runs, Step, steps
from benchmarks.grouped_steps import grouped_steps
from benchmarks.measure import Candidate, cpu_clock, cuda_clock, take_turns
from benchmarks.peers import Peers
from benchmarks.speed_tables import save, show
from benchmarks.synthetic_data import random_dataset
from stages.datasets.episodes import EpisodeDataset
from stages.networks.native.loading import library, switch_off
from stages.progress import Progress
from stages.training.device import pick
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.stepper import Stepper

INSTRUCTIONS = {16: "avx512", 8: "avx2", 4: "portable"}
VARIANTS = {"cpu": ("native", "torch"), "cuda": ("graph", "eager")}
Key = tuple[str, int, str]  # step, seeds, variant


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description="Measure the speed of the training steps.")
    parser.add_argument("--device", choices=("cpu", "cuda"), help="default: the CPU, then CUDA where there is one")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each candidate")
    parser.add_argument("--seconds", type=float, default=0.5, help="length of one measurement, about")
    parser.add_argument("--steps", help="only these, by name with commas between; nothing is written then")
    arguments = parser.parse_args()
    devices = [arguments.device] if arguments.device else ["cpu"] + ["cuda"] * torch.cuda.is_available()
    for device in devices:
        found = measure(pick(device), arguments.rounds, arguments.seconds, arguments.steps)
        show(found)
        if arguments.steps is None:
            print("Written: " + ", ".join(str(path) for path in save(found)))


def measure(device: torch.device, rounds: int, seconds: float, chosen: str | None = None) -> dict[str, Any]:
    """All rates on one device, as plain values."""
    dataset = random_dataset()
    kinds = steps(dataset) | grouped_steps(dataset)
    kinds = {name: kinds[name] for name in (chosen.split(",") if chosen else kinds)}
    products = matrix_limit.candidates(device)
    with Peers.started(device) as peers:
        compared = step_candidates(kinds, dataset, device) | peers.candidates(kinds)
        clock = cuda_clock if device.type == "cuda" else cpu_clock
        with Progress(f"measuring on {device.type}", rounds, unit="round") as progress:
            done = iter(range(1, rounds + 1))
            everything = [*products.values(), *compared.values()]
            take_turns(everything, rounds, seconds, clock, lambda: progress.advance_to(next(done)))
    speeds: dict[str, dict[str, float]] = {}
    for (shape, product), candidate in products.items():
        speeds.setdefault(shape, {})[product] = candidate.rate * matrix_limit.operations(shape) / 1e9
    instructions = instructions_of(device)
    return {
        "device": instructions,
        "processor": describe(device),
        "torch": torch.__version__,
        "per": "second" if device.type == "cuda" else "CPU second of one core",
        "rounds": rounds,
        "limit_gflops": max(speed for by_product in speeds.values() for speed in by_product.values()),
        "products": speeds,
        "steps": [
            summary(name, seeds, kind, compared, instructions, VARIANTS[device.type])
            for name, kind in kinds.items()
            for seeds in kind.seeds
        ],
    }


def step_candidates(kinds: dict[str, Step], dataset: EpisodeDataset, device: torch.device) -> dict[Key, Candidate]:
    """What is compared, the peers aside."""
    precision = torch.get_float32_matmul_precision()
    found: dict[Key, Candidate] = {}
    for name, kind in kinds.items():
        if kind.plain is not None and device.type == "cpu":
            found[name, 1, "plain"] = plain(kind.plain(dataset), kind.chunk)
        for seeds in kind.seeds:
            job = Job(dataset, range(seeds), device)
            if device.type == "cuda":
                found[name, seeds, "graph"] = engine(kind.start(job), seeds, kind.chunk, precision)
                found[name, seeds, "eager"] = engine(eagerly(kind.start(job)), seeds, kind.chunk, precision)
                continue
            run = kind.start(job)  # one learner for both, which it may go on with by turns
            for variant, native in (("native", True), ("torch", False)):
                found[name, seeds, variant] = engine(run, seeds, kind.chunk, precision, native)
    return found


def engine(run: Runs, seeds: int, chunk: int, precision: str, native: bool = True) -> Candidate:
    """Whole steps: gather, draws, update, log."""

    def work(count: int) -> None:
        switch_off(not native)
        run.run(run.step + count // seeds)
        switch_off(False)

    return Candidate(work, chunk * seeds, precision)


def eagerly(run: Runs) -> Runs:
    """The loop without a CUDA graph."""
    if isinstance(run, Loop):
        run.stepper = Stepper(run.learner, run.rows)
    return run


def plain(step: Callable[[], None], chunk: int) -> Candidate:
    """The plain loop, under torch's default precision."""

    def run(count: int) -> None:
        for _ in range(count):
            step()

    return Candidate(run, chunk)


def summary(
    name: str, seeds: int, kind: Step, compared: dict[Key, Candidate], instructions: str, variants: tuple[str, str]
) -> dict[str, Any]:
    """One row of the table: both variants, and how many times as fast the first is as the others."""
    ours = compared[name, seeds, variants[0]]
    scans = [each for (step, _, variant), each in compared.items() if (step, variant) == (name, "jax")]
    loop = compared.get((name, 1, "plain"))
    return {
        "step": kind.title,
        "seeds": seeds,
        "rates": {variant: compared[name, seeds, variant].rates for variant in variants},
        "shares_of": kind.operations / 1e9,
        "target": kind.target if seeds > 1 else None,
        "ratio": ours.ratio(compared[name, seeds, variants[1]]),
        "plain": {"rates": loop.rates, "ratio": ours.ratio(loop)} if loop else None,
        # The faster of one seed alone and ten by `vmap`: whoever has ten seeds may train them one after the other.
        "jax": {
            "rates": {str(count): each.rates for (step, count, kind_of), each in compared.items()
                      if (step, kind_of) == (name, "jax")},
            "ratio": min(ours.ratio(each) for each in scans),
            "target": kind.peer_targets.get(instructions, {}).get(seeds),
        } if scans else None,
    }  # fmt: skip


def instructions_of(device: torch.device) -> str:
    """``avx512``, ``avx2`` or ``portable`` of the native layer's vectors; ``torch`` without it; ``cuda``."""
    found = library()
    if device.type == "cuda":
        return "cuda"
    return "torch" if found is None else INSTRUCTIONS[found.lanes()]


def describe(device: torch.device) -> str:
    """The processor in general terms."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"one {platform.machine()} core (torch {torch.backends.cpu.get_cpu_capability()})"


if __name__ == "__main__":
    main()
