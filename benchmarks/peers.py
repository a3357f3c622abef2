"""Steps made by another process in another environment, which counts its own CPU time: the scans of `jax_scans`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from benchmarks.measure import Candidate

ROOT = Path(__file__).parent.parent
PYTHON = ROOT / ".venv-peers" / "bin" / "python"
SCANS = {"sarsa": (1, 10), "value": (1, 10), "td3_bc": (1, 10)}  # seeds, by step
CHUNK = 32  # as in `jax_scans`


class Peers:
    """The other process; None: there is no such environment, or the device is not its."""

    def __init__(self, process: subprocess.Popen[str] | None) -> None:
        self.process = process

    @classmethod
    @contextmanager
    def started(cls, device: torch.device) -> Iterator[Peers]:
        """The process, ended afterwards."""
        if device.type != "cpu" or not PYTHON.exists():
            yield cls(None)
            return
        command = [str(PYTHON), "-m", "benchmarks.jax_scans"]
        process = subprocess.Popen(
            command, cwd=ROOT, env=_one_thread(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        if hasattr(os, "sched_setaffinity"):  # before its imports are done, and so before its threads are made
            os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
        with process:
            yield cls(process)

    def candidates(self, steps: Iterable[str]) -> dict[tuple[str, int, str], Candidate]:
        """Those of the given steps that there are scans of."""
        if self.process is None:
            return {}
        return {
            (name, seeds, "jax"): self._candidate(name, seeds)
            for name in steps
            for seeds in SCANS.get(name, ())
        }  # fmt: skip

    def _candidate(self, name: str, seeds: int) -> Candidate:
        def seconds_of(count: int) -> float:
            assert self.process is not None and self.process.stdin is not None and self.process.stdout is not None
            self.process.stdin.write(f"{name} {seeds} {count // seeds}\n")
            self.process.stdin.flush()
            if not (answer := self.process.stdout.readline()):
                raise RuntimeError("the scans in JAX ended; what stopped them stands above")
            return float(answer)

        return Candidate(lambda count: None, CHUNK * seeds, seconds_of=seconds_of)


def _one_thread() -> dict[str, str]:
    flags = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return {**os.environ, "JAX_PLATFORMS": "cpu", "XLA_FLAGS": f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()}
