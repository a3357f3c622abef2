"""Boundaries that LOVE finds in episodes of known segments, with and without a price on the code.

python -m benchmarks.skills benchmarks/results/skills.csv     (about three core-minutes)
"""

from __future__ import annotations

import csv
import sys

import torch

from stages.embeddings.love import LoveSettings, extract
from stages.embeddings.skills.skills import Skills
from stages.training.job import Job
from tests.embeddings.piecewise import boundary_f1, piecewise

SEEDS, STEPS = [0, 1, 2], 60
SMALL = {"width": 24, "window": 30, "pretrain_steps": 250, "train_steps": 80, "compress_steps": 700}
PRICES: dict[str, dict[str, float]] = {
    "price": {},
    "no price": {"first_price": 0.0, "least_price": 0.0, "most_price": 0.0},
}


def main(output: str) -> None:
    """Train on 60 episodes, judge boundaries on them, exact to the step; a row per kind of actions, price and seed."""
    torch.set_num_threads(1)
    with open(output, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["actions", "code", "seed", "precision", "recall", "F1", "reconstruction", "nats per step"])
        for discrete in (False, True):
            dataset, true = piecewise(60, STEPS, discrete=discrete)
            for name, prices in PRICES.items():
                made = extract(Job(dataset, SEEDS), LoveSettings(**SMALL, **prices))
                last = [
                    made.tensors[f"metrics/compressed/{loss}/values"][-1] for loss in ("reconstruction", "code length")
                ]
                for place, reads in enumerate(Skills(made).of(dataset).reads):
                    found = boundary_f1(reads.numpy() > 0, true, STEPS)
                    numbers = [*found, *(float(loss[place]) for loss in last)]
                    kind = "discrete" if discrete else "vectors"
                    table.writerow([kind, name, SEEDS[place], *(f"{number:.3f}" for number in numbers)])
                file.flush()


if __name__ == "__main__":
    main(sys.argv[1])
