"""Random numbers that depend on nothing but a seed, a purpose and a position.

Every draw comes from a counter-based generator (Philox) keyed by ``(seed, purpose)`` and started at a position such as
a step or an epoch. So the numbers of seed 3 do not depend on which other seeds are trained beside it, on the device, or
on whether the run was interrupted, and there is no generator state to save.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

Seeds = Sequence[int]


def generator(seed: int, purpose: str, position: int = 0) -> np.random.Generator:
    """The generator of `seed` for `purpose`, at `position` (positions are 2**192 draws apart).

    Args:
        seed: Non-negative seed.
        purpose: What is drawn, such as ``"minibatch"``; different purposes give independent streams.
        position: Step, epoch or chunk number.
    """
    word = int.from_bytes(hashlib.sha256(purpose.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.Philox(key=[seed, word], counter=[0, 0, 0, position]))


def generators(seeds: Seeds, purpose: str, position: int = 0) -> list[np.random.Generator]:
    """One generator per seed, see `generator`."""
    return [generator(seed, purpose, position) for seed in seeds]


def member_generators(seeds: Seeds, purpose: str, num_members: int) -> list[np.random.Generator]:
    """One generator per member of each seed, the same however many members there are."""
    return [generator(seed, purpose, member) for seed in seeds for member in range(num_members)]
