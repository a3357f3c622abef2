from dataclasses import replace

import numpy as np
import pytest

from stages.cluster_trajectories import main, numbers_found, shortfalls
from stages.clustering import CLUSTERING
from stages.diagnosis.diagnosis import Diagnosis
from stages.diagnosis.found_clusters import read_clusters
from stages.diagnosis.settings import DiagnosisSettings
from stages.errors import UserError
from stages.formats.native import write_native
from tests.synthetic import two_policies

RETURNS = {"method": "return_kmeans", "num_clusters": 2}


@pytest.mark.parametrize(
    ("num_clusters", "lines"),
    [(3, ["seed 0: told 3 clusters, found 2", "seed 7: told 3 clusters, found 1"]), (1, []), (None, [])],
)
def test_seeds_that_found_fewer_clusters_than_told_are_named(num_clusters, lines):
    assert shortfalls(num_clusters, [0, 7], [[5, 0, 5], [10, 0, 0]]) == lines


def test_numbers_that_were_found_are_said_with_their_probabilities():
    sure = [{"probability": {"1": 0.01, "2": 0.95, "3": 0.04}}, {"probability": {}}]
    assert list(numbers_found([0, 7], [[5, 5], [10, 0]], sure)) == [
        "seed 0: 2 clusters, probability 0.950 (1: 0.010, 3: 0.040)",
        "seed 7: 1 cluster, how probable is not known: not evidence alone settled it",
    ]


def test_a_method_that_finds_fewer_clusters_than_told_says_so(tmp_path, capsys):
    dataset, output = two_policies(8), str(tmp_path / "clusters.safetensors")
    # Episodes whose returns are all equal are one point to K-means of returns.
    write_native(tmp_path / "two.hdf5", replace(dataset, rewards=np.zeros_like(dataset.rewards)))
    main(
        str(tmp_path / "two.hdf5"),
        output,
        CLUSTERING.choose(RETURNS),
        [0],
        "cpu",
    )
    assert "seed 0: told 2 clusters, found 1" in capsys.readouterr().out.splitlines()
    facts = Diagnosis(dataset, DiagnosisSettings()).of_clusters(read_clusters(output, dataset)[0])
    assert "1 of 2 clusters are empty (1)" in facts["warnings"]


def test_evidence_finds_as_many_clusters_as_told_though_fewer_episodes_may_be_compared(tmp_path, capsys):
    dataset, output = two_policies(8), str(tmp_path / "clusters.safetensors")
    write_native(tmp_path / "two.hdf5", dataset)
    choice = CLUSTERING.choose({"method": "evidence", "num_clusters": 4, "max_episodes": 3, "num_features": 0})
    main(str(tmp_path / "two.hdf5"), output, choice, [0], "cpu")
    assert "told 4 clusters" not in capsys.readouterr().out
    assert set(read_clusters(output, dataset)[0].labels) == {0, 1, 2, 3}


def test_a_wild_number_is_told_where_it_misleads(tmp_path, capsys):
    dataset, output = two_policies(8), str(tmp_path / "clusters.safetensors")
    dataset.actions[33, 1] = 1e4
    write_native(tmp_path / "two.hdf5", dataset)
    main(str(tmp_path / "two.hdf5"), output, CLUSTERING.choose(RETURNS), [0], "cpu")
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("wild-value: 10000, all others lie between -") and "actions, column 1, row 33" in first
    facts = Diagnosis(dataset, DiagnosisSettings()).of_clusters(read_clusters(output, dataset)[0])
    assert any(line.startswith("actions, column 1, row 33: 10000, all others") for line in facts["warnings"])


def test_numbers_too_large_to_compute_with_are_refused_before_clustering(tmp_path):
    dataset = two_policies(8)
    dataset.observations[33, 1] = 1e30
    write_native(tmp_path / "two.hdf5", dataset)
    with pytest.raises(UserError, match=r"two\.hdf5: observations: up to 1e\+30, whose square is infinite"):
        main(str(tmp_path / "two.hdf5"), str(tmp_path / "c"), CLUSTERING.choose(RETURNS), [0], "cpu")
