import subprocess
import sys

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.clustering.cluster_networks import ClusterNetworks
from stages.clustering.clusters_file import ClustersFile, fingerprint_of
from stages.clustering.contract import Clustering
from stages.errors import UserError
from stages.training.job import Job
from tests.synthetic import two_policies


def clustering() -> Clustering:
    """Two seeds, six episodes, three clusters of which the last is empty."""
    labels = torch.tensor([[0, 1, 1, 0, 0, 1], [1, 0, 0, 1, 1, 0]])
    return Clustering(
        responsibilities=torch.nn.functional.one_hot(labels, 3).float(),
        normaliser=Job(two_policies(episodes=6, steps=5), [3, 4]).normaliser,
        behaviours=None,
        score_history=torch.tensor([[-2.0, -3.0], [-1.0, torch.nan]], dtype=torch.float64),
        score_name="log-likelihood per step",
        history_labels=labels[None].to(torch.int16),
        converged=[True, False],
        details={"latents": torch.ones(2, 6, 4)},
    )


def test_what_is_written_is_read(tmp_path):
    found = clustering()
    ClustersFile.contents(found, seeds=[3, 4], settings={"method": "em"}).save(tmp_path / "c.safetensors")
    for file in ClustersFile.read(tmp_path / "c.safetensors"), ClustersFile.of(found.artifact(seeds=[3, 4])):
        np.testing.assert_array_equal(file.labels, found.labels.numpy())
        np.testing.assert_array_equal(file.arrays["responsibilities"], found.responsibilities.numpy())
        np.testing.assert_array_equal(file.history_labels, found.history_labels.numpy())
        np.testing.assert_array_equal(file.score_history, found.score_history.numpy())
        np.testing.assert_array_equal(file.labels_of_steps(np.array([0, 0, 5])), [[0, 0, 1], [1, 1, 0]])
        assert (file.score_name, file.num_clusters, file.converged) == ("log-likelihood per step", 3, [True, False])
        assert file.seeds == [3, 4]
        assert file.ambiguity.tolist() == [[0] * 6] * 2 and file.certainty == [{}, {}]
        assert file.detail("latents").shape == (2, 6, 4)
        assert file.detail("merge_scores") is None
    assert ClustersFile.read(tmp_path / "c.safetensors").settings == {"method": "em"}


def test_clusters_without_networks_say_so():
    assert ClusterNetworks.missing(clustering().artifact(seeds=[3, 4])) == [
        "behaviours/parameters",
        "classifier/parameters",
    ]


def test_other_files_are_refused(tmp_path):
    Artifact({"weights": torch.zeros(2)}, {"seeds": [0]}).save(tmp_path / "c.safetensors")
    with pytest.raises(UserError, match=r"c\.safetensors: holds no clusters"):
        ClustersFile.read(tmp_path / "c.safetensors")
    with pytest.raises(UserError, match="no such file"):
        ClustersFile.read(tmp_path / "none.safetensors")
    with pytest.raises(UserError, match="has clusters of 6 episodes, the dataset has 7"):
        ClustersFile.of(clustering().artifact()).require_episodes(np.full(7, 3))


def test_episodes_of_other_lengths_are_refused():
    lengths = np.array([5, 5, 5, 5, 5, 6])
    file = ClustersFile.of(clustering().artifact(lengths=fingerprint_of(lengths)))
    file.require_episodes(lengths)
    with pytest.raises(UserError, match="of 6 episodes of other lengths than the dataset's"):
        file.require_episodes(lengths[::-1])
    ClustersFile.of(clustering().artifact()).require_episodes(
        lengths
    )  # of files that do not say, only the number is known


def test_reading_needs_no_torch(tmp_path):
    clustering().artifact(seeds=[3, 4]).save(tmp_path / "c.safetensors")
    program = (
        "import sys; from stages.clustering.clusters_file import ClustersFile;"
        "print(ClustersFile.read(sys.argv[1]).labels.shape, 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "c.safetensors")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "(2, 6) False"
