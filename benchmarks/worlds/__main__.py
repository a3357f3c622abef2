"""K found and agreement of evidence clustering with the true policies of the training worlds.

    python -m benchmarks.worlds --method "random effects" [--worlds precise rare] [--seeds 0 1 2] [--output FILE]

Appends a row per world and data seed to `benchmarks/results/worlds.csv`: K found and normalised mutual information
with K unknown and with K told, the oracle's, and CPU seconds of both. The oracle gives an episode to the true policy
whose linear regression, fitted without that episode, explains it best.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

from benchmarks.measure import cpu_clock
from benchmarks.worlds.training import WORLDS
from stages.clustering.evidence import EvidenceSettings, group
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.seeding import generator
from stages.training.job import Job

COLUMNS = "method world seed true_k found_k nmi told_k_found told_nmi oracle_nmi seconds".split()
FILE = Path("benchmarks/results/worlds.csv")


def main() -> None:
    """Append the rows asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--method", required=True, help="what the rows call the code that is run")
    parser.add_argument("--worlds", nargs="+", choices=WORLDS, default=list(WORLDS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--output", type=Path, default=FILE)
    options = parser.parse_args()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    new = not options.output.exists()
    with options.output.open("a", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        if new:
            writer.writeheader()
        for name in options.worlds:
            for seed in options.seeds:
                row = {"method": options.method, "world": name, "seed": seed} | judged(name, seed)
                writer.writerow(row)
                file.flush()
                print(*row.values(), flush=True)


def judged(name: str, seed: int) -> dict[str, object]:
    """What a row says beyond method, world and seed."""
    dataset = WORLDS[name](generator(seed, f"training world {name}"))
    truth = dataset.behaviour_policy
    true_k, begin = int(truth.max()) + 1, cpu_clock()
    found, told = labels_found(dataset, None), labels_found(dataset, true_k)
    seconds = cpu_clock() - begin
    return {
        "true_k": true_k,
        "found_k": len(set(found)),
        "nmi": agreement(truth, found),
        "told_k_found": len(set(told)),
        "told_nmi": agreement(truth, told),
        "oracle_nmi": agreement(truth, oracle(dataset)),
        "seconds": round(seconds, 1),
    }


def labels_found(dataset: EpisodeDataset, num_clusters: int | None) -> np.ndarray:
    """Clusters of the episodes."""
    settings = EvidenceSettings(num_clusters=num_clusters)
    return group(Job(dataset, [0]), settings, [], 0).log_weights.argmax(1).numpy()


def agreement(truth: np.ndarray, labels: np.ndarray) -> float:
    """Normalised mutual information; where there is one policy, 1 if one is found."""
    if truth.max() == 0:
        return float(len(set(labels)) == 1)
    return round(clustering_scores(truth, labels)["nmi"], 3)


def oracle(dataset: EpisodeDataset) -> np.ndarray:
    """The true policy that explains each episode best without having seen it."""
    truth, episode = dataset.behaviour_policy, dataset.episode_of_step
    if dataset.num_actions is not None:
        return oracle_of_choices(dataset)
    inputs = np.hstack([np.ones((dataset.num_steps, 1)), dataset.observations.astype(np.float64)])
    actions = dataset.actions[:, dataset.actions.std(0) > 0].astype(np.float64)
    scores = np.zeros((dataset.num_episodes, int(truth.max()) + 1))
    for policy in range(scores.shape[1]):
        for left_out in [-1, *np.flatnonzero(truth == policy)]:  # -1: none, for the episodes of others
            seen = (truth[episode] == policy) & (episode != left_out)
            weights = np.linalg.lstsq(inputs[seen], actions[seen], rcond=None)[0]
            variance = (actions[seen] - inputs[seen] @ weights).var(0)
            errors = ((actions - inputs @ weights) ** 2 / variance + np.log(variance)).sum(1)
            scored = truth != policy if left_out < 0 else left_out
            scores[scored, policy] = -0.5 * np.bincount(episode, errors)[scored]
    return scores.argmax(1)


def oracle_of_choices(dataset: EpisodeDataset) -> np.ndarray:
    """The same for softmax policies, a tenth of the episodes being left out at a time."""
    truth, episode = dataset.behaviour_policy, dataset.episode_of_step
    fold = np.arange(dataset.num_episodes) % 10
    scores = np.full((dataset.num_episodes, int(truth.max()) + 1), -np.inf)
    for f, policy in itertools.product(range(10), range(scores.shape[1])):
        seen, scored = ((truth == policy) & (fold != f))[episode], (fold == f)[episode]
        model = LogisticRegression(C=10.0, max_iter=500).fit(dataset.observations[seen], dataset.actions[seen])
        log_prob = np.full((int(scored.sum()), dataset.num_actions), -20.0)
        log_prob[:, model.classes_] = model.predict_log_proba(dataset.observations[scored])
        of_actions = log_prob[np.arange(len(log_prob)), dataset.actions[scored]]
        scores[fold == f, policy] = np.bincount(episode[scored], of_actions, dataset.num_episodes)[fold == f]
    return scores.argmax(1)


if __name__ == "__main__":
    main()
