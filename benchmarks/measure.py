"""Fair timing on a machine that does other things too: candidates take turns, and CPU time is counted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

import torch


@dataclass
class Candidate:
    """Something whose speed is measured.

    Attributes:
        run: Does a number of units of work.
        multiple: `run` is asked for multiples of this.
        precision: float32 matrix products while it runs, as for `torch.set_float32_matmul_precision`.
        seconds_of: Instead of `run`, where another process does the work: does it and says how long it took.
        count: Units of work of one measurement.
        rates: Units of work per second, one per round.
    """

    run: Callable[[int], None]
    multiple: int = 1
    precision: str = "highest"
    seconds_of: Callable[[int], float] | None = None
    count: int = 0
    rates: list[float] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Median over rounds."""
        return median(self.rates)

    def ratio(self, other: Candidate) -> float:
        """Median over rounds of this rate over the other's in the same round."""
        return median(mine / theirs for mine, theirs in zip(self.rates, other.rates, strict=True))


def cpu_clock() -> float:
    """CPU seconds of this process; with one thread, what a core has spent on it."""
    return time.process_time()


def cuda_clock() -> float:
    """Wall seconds, once the GPU has done all it was told to."""
    torch.cuda.synchronize()
    return time.perf_counter()


def take_turns(
    candidates: list[Candidate],
    rounds: int,
    seconds: float,
    clock: Callable[[], float] = cpu_clock,
    after_round: Callable[[], None] = lambda: None,
) -> None:
    """Measure all candidates `rounds` times in turn, about `seconds` each; their rates are recorded."""
    for candidate in candidates:
        _time(candidate, candidate.multiple, clock)
        once = _time(candidate, candidate.multiple, clock)
        candidate.count = candidate.multiple * max(1, round(seconds / once))
    for _ in range(rounds):
        for candidate in candidates:
            candidate.rates.append(candidate.count / _time(candidate, candidate.count, clock))
        after_round()


def _time(candidate: Candidate, count: int, clock: Callable[[], float]) -> float:
    if candidate.seconds_of is not None:
        return max(candidate.seconds_of(count), 1e-9)
    torch.set_float32_matmul_precision(candidate.precision)
    started = clock()
    candidate.run(count)
    return max(clock() - started, 1e-9)
