"""Vectors of the embedded dataset are read, those of other episodes are embedded when they are asked for."""

from __future__ import annotations

import numpy as np
import pytest

from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.embeddings.embedded_episodes import EmbeddedEpisodes
from stages.errors import UserError
from stages.formats.native import write_native
from tests.smallest import smallest_choice
from tests.synthetic import two_policies


def test_unseen_episodes_are_embedded_like_those_in_the_file(tmp_path):
    dataset, made = two_policies(20, steps=6), str(tmp_path / "made.safetensors")
    write_native(tmp_path / "data.hdf5", dataset)
    embed(str(tmp_path / "data.hdf5"), None, made, smallest_choice(EMBEDDINGS, "random_features"), [3, 4], "cpu")
    vectors = EmbeddedEpisodes.read(made, dataset, [3, 4])
    chosen = np.array([7, 2])
    np.testing.assert_allclose(vectors(dataset.select(chosen)), vectors(dataset)[:, chosen], atol=1e-5)
    with pytest.raises(UserError, match=r"embeddings of the seeds \[3, 4\], not \[0, 1\]"):
        EmbeddedEpisodes.read(made, dataset, [0, 1])
