"""How fast a core is, in a tenth of a second: CPU seconds of a fixed piece of work."""

from __future__ import annotations

import time

REPEATS = 5


def probe(size: int = 200_000) -> float:
    """CPU seconds of the fastest of some repetitions.

    Plain Python, which needs no library. It does not see how wide a core's vectors are: half as wide ones make a run a
    quarter longer, which the pace of its first jobs corrects.
    """
    return min(_once(size) for _ in range(REPEATS))


def _once(size: int) -> float:
    started = time.process_time()
    sum(i * i % 7 for i in range(size))
    return time.process_time() - started
