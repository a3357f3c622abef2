import pytest

from stages.cluster_trajectories import main, shortfalls
from stages.clustering import CLUSTERING
from stages.diagnosis.diagnosis import Diagnosis
from stages.diagnosis.found_clusters import read_clusters
from stages.diagnosis.settings import DiagnosisSettings
from stages.formats.native import write_native
from tests.synthetic import two_policies


@pytest.mark.parametrize(
    ("num_clusters", "lines"),
    [(3, ["seed 0: told 3 clusters, found 2", "seed 7: told 3 clusters, found 1"]), (1, []), (None, [])],
)
def test_seeds_that_found_fewer_clusters_than_told_are_named(num_clusters, lines):
    assert shortfalls(num_clusters, [0, 7], [[5, 0, 5], [10, 0, 0]]) == lines


def test_evidence_that_returns_fewer_clusters_than_told_says_so(tmp_path, capsys):
    dataset, output = two_policies(8), str(tmp_path / "clusters.safetensors")
    write_native(tmp_path / "two.hdf5", dataset)
    # Three episodes are compared with each other, so there are no more than three groups to begin with.
    choice = CLUSTERING.choose({"method": "evidence", "num_clusters": 4, "max_episodes": 3, "num_features": 0})
    main(str(tmp_path / "two.hdf5"), output, choice, [0], "cpu")
    told = [line for line in capsys.readouterr().out.splitlines() if line.startswith("seed 0: told 4 clusters, found ")]
    assert len(told) == 1
    facts = Diagnosis(dataset, DiagnosisSettings()).of_clusters(read_clusters(output, dataset)[0])
    assert any(line.startswith("told 4 clusters, found ") for line in facts["warnings"])
