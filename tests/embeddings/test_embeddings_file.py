import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.embeddings import EMBEDDINGS
from stages.embeddings.contract import fit, load_embedder
from stages.embeddings.embeddings_file import EmbeddingsFile
from stages.errors import UserError
from stages.training.job import Job
from tests.smallest import smallest_choice
from tests.synthetic import two_policies


def test_it_holds_all_episodes_and_what_embeds_more(tmp_path):
    dataset, choice = two_policies(20, steps=6), smallest_choice(EMBEDDINGS, "summary")
    training = np.arange(20) < 15
    embedder = fit(Job(dataset.select(np.flatnonzero(training)), [3, 4]), choice)
    EmbeddingsFile.contents(embedder, choice, dataset, training).save(tmp_path / "made.safetensors")
    found = EmbeddingsFile.read(tmp_path / "made.safetensors")
    assert (found.seeds, found.settings["method"], found.remarks) == ([3, 4], "summary", [])
    assert np.array_equal(found.training, training)
    np.testing.assert_allclose(found.embeddings[:, :15].mean(1), 0, atol=1e-5)
    loaded = load_embedder(Artifact.load(tmp_path / "made.safetensors"))
    torch.testing.assert_close(loaded.embed(dataset), torch.from_numpy(found.embeddings))
    with pytest.raises(UserError, match="embeddings of 20 episodes, the dataset has 7"):
        found.require_episodes(7)


def test_other_files_are_refused(tmp_path):
    Artifact({"labels": torch.zeros(2)}, {"kind": "clusters"}).save(tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="holds no embeddings"):
        EmbeddingsFile.read(tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="no such file"):
        EmbeddingsFile.read(tmp_path / "missing.safetensors")


def test_a_file_that_is_not_needed_is_refused():
    with pytest.raises(UserError, match="needs nothing but the dataset"):
        fit(
            Job(two_policies(4, steps=3), [0]), smallest_choice(EMBEDDINGS, "summary"), Artifact({}, {"kind": "skills"})
        )
