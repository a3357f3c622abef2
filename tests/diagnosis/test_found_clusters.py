import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.diagnosis.found_clusters import read_clusters
from stages.errors import UserError
from tests.evaluation.clusterings import save_clusters
from tests.evaluation.walks import walks

DATASET = walks([(0, 0)], [(0, 1)], [(1, 1)])


def test_every_seed_is_read(tmp_path):
    labels, latents = np.array([[0, 1, 1], [2, 0, 0]]), np.ones((2, 3, 4), dtype=np.float32)
    first, second = read_clusters(save_clusters(tmp_path / "c.safetensors", labels, 3, latents=latents), DATASET)
    assert (first.seed, second.seed) == (5, 6)
    np.testing.assert_array_equal(second.labels, [2, 0, 0])
    assert (first.num_clusters, first.converged, first.score) == (3, True, -2.0)
    assert first.score_name == "log-likelihood per step"
    assert first.latents.shape == (3, 4)
    assert first.settings["method"] == "em"
    assert first.ambiguity.tolist() == [0, 0, 0] and first.certainty == {}


def test_how_sure_they_are_is_read_by_seed(tmp_path):
    certainty = [{"verdicts": ["drifting"]}, {"verdicts": []}]
    path = save_clusters(tmp_path / "c.safetensors", np.zeros((2, 3), dtype=np.int64), 1, certainty)
    assert [clusters.certainty for clusters in read_clusters(path, DATASET)] == certainty


def test_clusters_of_other_episodes_are_refused(tmp_path):
    path = save_clusters(tmp_path / "c.safetensors", np.zeros((1, 4), dtype=np.int64), 1)
    with pytest.raises(UserError, match=r"c\.safetensors: has clusters of 4 episodes, the dataset has 3"):
        read_clusters(path, DATASET)


def test_files_of_other_kinds_are_refused(tmp_path):
    Artifact({"weights": torch.zeros(2)}, {"seeds": [0]}).save(tmp_path / "c.safetensors")
    with pytest.raises(UserError, match="holds no clusters"):
        read_clusters(tmp_path / "c.safetensors", DATASET)
    with pytest.raises(UserError, match="no such file"):
        read_clusters(tmp_path / "none.safetensors", DATASET)
