"""K found and agreement of evidence clustering with the true policies of worlds.

    python -m benchmarks.worlds --method "random effects" [--set judging] [--worlds precise rare] [--seeds 0 1 2]

Constants may be chosen on the training worlds; the judging worlds are for judging what was chosen. Appends a row per
world and data seed to `benchmarks/results/worlds.csv` or `worlds_judging.csv`: K found and normalised mutual
information with K unknown and with K told, the oracle's (empty where no oracle is right), and CPU seconds of both.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from benchmarks.measure import cpu_clock
from benchmarks.worlds import boxes, drawings, judging, operators, training, wide  # noqa: F401  (some add to the worlds)
from benchmarks.worlds.oracle import Family, oracle
from stages.clustering.evidence import EvidenceSettings, groupings
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.seeding import generator
from stages.training.job import Job

COLUMNS = "method world seed true_k found_k nmi told_k_found told_nmi oracle_nmi seconds".split()
WORLDS = {"training": training.WORLDS, "judging": judging.WORLDS}
NETWORKS: dict[str, Family] = {"similar_networks": "network"}  # where linear policies are not enough for the oracle
CLIPPED = "opposite_clipped", "eight_clipped", "two_clipped_hard", "throttles", "grippers"


def family(name: str) -> Family | None:
    """Of a training world's policies; None where no family is right."""
    if name.startswith(("people", *CLIPPED)) or "errands" in name:
        return None
    return NETWORKS.get(name.removesuffix("_seen_widely"), "linear")


ORACLES = {
    "training": {name: family(name) for name in training.WORLDS},
    "judging": judging.ORACLES,
}
RESULTS = Path("benchmarks/results")
FILES = {"training": RESULTS / "worlds.csv", "judging": RESULTS / "worlds_judging.csv"}


def main() -> None:
    """Append the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", required=True, help="what the rows call the code that is run")
    parser.add_argument("--set", choices=WORLDS, default="training", help="which worlds")
    parser.add_argument("--worlds", nargs="+", help="only these of the set")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--output", type=Path, help="a file instead of the set's")
    options = parser.parse_args()
    names, output = options.worlds or list(WORLDS[options.set]), options.output or FILES[options.set]
    if unknown := sorted(set(names) - set(WORLDS[options.set])):
        parser.error(f"no {options.set} worlds: {', '.join(unknown)}; there are {', '.join(WORLDS[options.set])}")
    output.parent.mkdir(parents=True, exist_ok=True)
    new = not output.exists()
    with output.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        for name in names:
            for seed in options.seeds:
                row = {"method": options.method, "world": name, "seed": seed} | judged(options.set, name, seed)
                writer.writerow(row)
                file.flush()
                print(*row.values(), flush=True)


def judged(worlds: str, name: str, seed: int) -> dict[str, object]:
    """What a row says beyond method, world and seed."""
    dataset, of_policies = WORLDS[worlds][name](generator(seed, f"{worlds} world {name}")), ORACLES[worlds][name]
    truth = dataset.behaviour_policy
    true_k, begin = int(truth.max()) + 1, cpu_clock()
    found, given = labels_found(dataset, None), labels_found(dataset, true_k)
    seconds = cpu_clock() - begin
    return {
        "true_k": true_k,
        "found_k": len(set(found)),
        "nmi": agreement(truth, found),
        "told_k_found": len(set(given)),
        "told_nmi": agreement(truth, given),
        "oracle_nmi": "" if of_policies is None else agreement(truth, oracle(dataset, of_policies)),
        "seconds": round(seconds, 1),
    }


def labels_found(dataset: EpisodeDataset, num_clusters: int | None) -> np.ndarray:
    """Clusters of the episodes."""
    settings = EvidenceSettings(num_clusters=num_clusters)
    return next(groupings(Job(dataset, [0]), settings, [(0, 0)])).labels


def agreement(truth: np.ndarray, labels: np.ndarray) -> float:
    """Normalised mutual information; where there is one policy, 1 if one is found."""
    if truth.max() == 0:
        return float(len(set(labels)) == 1)
    return round(clustering_scores(truth, labels)["nmi"], 3)


if __name__ == "__main__":
    main()
