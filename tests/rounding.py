"""Datasets of tests with other last digits, as another processor would make them.

Rounding depends on the processor: its instructions, its libraries, its number of threads. What a test asserts about a
training has to hold under all of them. `make test-rounding` runs the tests that train with plainer instructions (of the
native layer, which is compiled for them, and of torch), and with every dataset rounded to fewer significant bits than
float32 has, which works on all processors. Nor may it hold for the seeds alone that it names:
``UNMIX_TEST_SEEDS_LATER=7 pytest tests/...`` draws the numbers of later seeds. Where an outcome hangs on them, what
share of the seeds tried had it stands beside the assertion. ``UNMIX_TEST_THREADS=2`` trains on two threads.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
from jaxtyping import Float

from stages import seeding
from stages.datasets.episodes import EpisodeDataset

COLUMNS = ("observations", "actions", "rewards", "next_observations", "costs")


def rounded(values: Float[np.ndarray, "*shape"], bits: int) -> Float[np.ndarray, "*shape"]:
    """Values rounded to `bits` significant bits, a relative change of at most ``2**-bits``.

    Equal values stay equal, whole numbers below ``2**bits`` stay as they are, and rounding twice changes nothing more,
    so tables, joins of episodes and parts of a dataset are still what they were.
    """
    mantissa, exponent = np.frexp(values)
    return np.ldexp(np.round(mantissa * 2.0**bits), exponent - bits).astype(values.dtype)


def round_datasets(bits: int) -> None:
    """From now on every dataset is rounded when it is made."""
    made = EpisodeDataset.__init__

    @functools.wraps(made)
    def made_and_rounded(self: EpisodeDataset, *arrays: Any, **more: Any) -> None:
        made(self, *arrays, **more)
        for name in COLUMNS:
            values = getattr(self, name)
            if values is not None and values.dtype.kind == "f":
                object.__setattr__(self, name, rounded(values, bits))

    EpisodeDataset.__init__ = made_and_rounded  # type: ignore[method-assign]


def shift_seeds(by: int) -> None:
    """From now on every seed draws what the seed `by` later would; for before anything else imports the generators."""
    made = seeding.generator

    def later(seed: int, purpose: str, position: int = 0) -> np.random.Generator:
        return made(seed + by, purpose, position)

    seeding.generator = later
