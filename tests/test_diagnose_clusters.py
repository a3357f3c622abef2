import json
import subprocess
import sys

import numpy as np

from stages.diagnose_clusters import main
from stages.diagnosis.settings import DiagnosisSettings
from stages.formats.native import write_native
from tests.evaluation.clusterings import save_clusters
from tests.evaluation.walks import random_walks

SEED = {
    "seed", "num_clusters", "sizes", "converged", "score", "scores", "confusion", "conflict", "ambiguous",
    "behavioural_kl", "warnings", "ambiguity", "certainty",
}  # fmt: skip
DATASET = {
    "episodes", "steps", "true_num_clusters", "k_lower", "k_upper", "oracle", "conflict_kind", "true_conflict",
    "self_conflict", "policy_names",
}  # fmt: skip


def diagnosed(inputs, output):
    main(*map(str, inputs), str(output), DiagnosisSettings())
    return json.loads(output.read_text())


def files(folder, labels_of, num_clusters):
    dataset = random_walks([[0, 1], [1, 2]], episodes=30)
    write_native(folder / "walks.hdf5", dataset)
    labels = np.stack(labels_of(dataset.behaviour_policy))
    return folder / "walks.hdf5", save_clusters(folder / "clusters.safetensors", labels, num_clusters)


def test_the_file_says_what_it_should(tmp_path, capsys):
    inputs = files(tmp_path, lambda truth: [truth, 1 - truth, 0 * truth], 3)
    found = diagnosed(inputs, tmp_path / "found.json")
    assert set(found) == {"clustering", "dataset", "seeds", "agreement"}
    assert found["clustering"] == {"method": "em", "score": "log-likelihood per step"}
    assert set(found["dataset"]) == DATASET
    assert [set(seed) for seed in found["seeds"]] == [SEED] * 3
    assert [seed["seed"] for seed in found["seeds"]] == [5, 6, 7]
    assert [seed["scores"]["nmi"] for seed in found["seeds"]] == [1.0, 1.0, 0.0]
    assert found["seeds"][0]["sizes"] == [15, 15, 0]
    assert found["seeds"][0]["conflict"][2] == [None] * 3
    assert found["seeds"][1]["confusion"] == [[0, 15], [15, 0], [0, 0]]
    assert found["agreement"] == 1 / 3
    assert "seed 7: 2 of 3 clusters are empty (1, 2); cluster 0 holds 100.0% of the episodes" in capsys.readouterr().out
    diagnosed(inputs, tmp_path / "again.json")
    assert (tmp_path / "again.json").read_bytes() == (tmp_path / "found.json").read_bytes()


def test_a_single_seed_agrees_with_none(tmp_path):
    inputs = files(tmp_path, lambda truth: [truth], 2)
    assert diagnosed(inputs, tmp_path / "found.json")["agreement"] is None


def test_clusters_of_another_dataset_are_refused_in_one_line(tmp_path):
    inputs = files(tmp_path, lambda truth: [truth[:-1]], 2)
    command = [sys.executable, "-m", "stages.diagnose_clusters", *inputs, "--output", tmp_path / "found.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode != 0 and done.stderr.count("\n") == 1
    assert "has clusters of 29 episodes, the dataset has 30. Give the dataset that was clustered" in done.stderr
    assert not (tmp_path / "found.json").exists()
