"""Boundaries that LOVE finds in episodes of known segments, with and without a price on the code.

python -m benchmarks.skills benchmarks/results/skills.csv judge     (about five core-minutes)

Settings were chosen on the worlds of `CHOSEN_ON`; the others were looked at once they stood.
"""

from __future__ import annotations

import csv
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.love import LoveSettings, extract
from stages.embeddings.skills.skills import Skills
from stages.training.job import Job
from tests.embeddings.piecewise import boundary_f1, errands, piecewise

World = tuple[EpisodeDataset, np.ndarray]
EPISODES, STEPS = 60, 60
SEEDS, OTHER_SEEDS = [0, 1, 2], [20, 21, 22]
LANDMARKS = np.array([[0, 1], [2, 5], [5, 0], [6, 4]])
OTHER_LANDMARKS = np.array([[0, 0], [1, 4], [3, 2], [5, 6], [7, 1]])
CHOSEN_ON: dict[str, Callable[[], World]] = {
    "4 directions": lambda: piecewise(EPISODES, STEPS, 4, "directions", seed=1),
    "4 choices": lambda: piecewise(EPISODES, STEPS, 4, "choices", seed=2),
    "errands, 4 landmarks": lambda: errands(LANDMARKS, EPISODES, STEPS, seed=3),
}
JUDGED: dict[str, Callable[[], World]] = {
    "4 directions, others": lambda: piecewise(EPISODES, STEPS, 4, "directions", seed=21),
    "6 directions": lambda: piecewise(EPISODES, STEPS, 6, "directions", seed=22),
    "3 laws of 3 actions": lambda: piecewise(EPISODES, STEPS, 3, "laws", seed=23),
    "6 choices": lambda: piecewise(EPISODES, STEPS, 6, "choices", seed=24),
    "errands, 5 landmarks": lambda: errands(OTHER_LANDMARKS, EPISODES, STEPS, seed=25),
}
SMALL = {
    "width": 24,
    "window": 30,
    "pretrain_steps": 300,
    "train_steps": 150,
    "boundary_steps": 100,
    "compress_steps": 500,
}
PRICES: dict[str, dict[str, float]] = {
    "price": {},
    "no price": {"first_price": 0.0, "least_price": 0.0, "most_price": 0.0},
}
HEADER = [
    "world",
    "used to",
    "code",
    "seed",
    "precision",
    "recall",
    "F1",
    "reconstruction",
    "nats per step",
    "objective",
    "seconds",
]


def main(output: str, only: str = "") -> None:
    """Train on the episodes, judge boundaries on them, exact to the step; a row per world, price and seed."""
    torch.set_num_threads(1)
    with open(output, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEADER)
        for use, worlds, seeds in (("choose", CHOSEN_ON, SEEDS), ("judge", JUDGED, OTHER_SEEDS)):
            for name, make in worlds.items():
                if only in f"{use} {name}":
                    for row in rows(make(), seeds):
                        table.writerow([name, use, *row])
                    file.flush()


def rows(world: World, seeds: list[int]) -> Iterator[list[object]]:
    """What one world gives, with a price and without."""
    dataset, true = world
    for price, prices in PRICES.items():
        start = time.process_time()
        skills = extract(Job(dataset, seeds), LoveSettings(**SMALL, **prices))
        seconds = (time.process_time() - start) / len(seeds)
        coded = skills.part("coded")
        for place, reads in enumerate(Skills(skills).of(dataset).reads):
            found = boundary_f1(reads.numpy() > 0, true, STEPS)
            numbers = [
                *found,
                *(float(coded[name][place]) for name in ("reconstruction", "nats per step", "objective")),
            ]
            yield [price, seeds[place], *(f"{number:.3f}" for number in numbers), f"{seconds:.0f}"]


if __name__ == "__main__":
    main(*sys.argv[1:])
