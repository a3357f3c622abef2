"""The command that looks into latents, on files."""

from __future__ import annotations

import csv
from dataclasses import replace

import pytest

from stages import train_offline
from stages.algorithms import ALGORITHMS
from stages.errors import UserError
from stages.evaluation.settings import LatentStudySettings
from stages.study_latents import main
from tests.embeddings.imitation.two_authors import imitated
from tests.synthetic import two_policies

SETTINGS = LatentStudySettings(points=2, offsets=(1.0,), rollouts=1)
DATASET = replace(two_policies(40, steps=20), environment="navigation")


def test_from_an_imitator_to_a_table(tmp_path):
    imitated(tmp_path, "conditional_bc", DATASET, num_steps=5)
    data, policy, output = (str(tmp_path / name) for name in ("two.hdf5", "imitator.safetensors", "latents.csv"))
    main(data, policy, output, SETTINGS, [0, 1])
    rows = list(csv.DictReader(open(output)))
    assert len(rows) == 2 * (2 + 1 + 2) and {row["seed"] for row in rows} == {"0", "1"}
    assert [row["dimension"] for row in rows[::2]] == ["", "", "", "0", "1"]


def test_policies_that_are_no_imitator_are_refused(tmp_path):
    imitated(tmp_path, "conditional_bc", DATASET, num_steps=5)
    data, policy = str(tmp_path / "two.hdf5"), str(tmp_path / "policy.safetensors")
    choice = ALGORITHMS.choose({"method": "bc", "hidden_sizes": [4], "num_steps": 3, "batch_size": 4})
    train_offline.main(data, policy, choice, [0, 1], "cpu")
    for named, cause in ((policy, r"policy\.safetensors: these policies are no imitator"), (None, "--policy: no imit")):
        with pytest.raises(UserError, match=cause):
            main(data, named, str(tmp_path / "latents.csv"), SETTINGS, [0, 1])
