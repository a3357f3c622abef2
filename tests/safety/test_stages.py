"""The three stages one after the other, on files, and what they say about files that do not fit."""

from dataclasses import replace

import numpy as np
import pytest

from stages import evaluate_safe, partition_trajectories, train_safe
from stages.errors import UserError
from stages.evaluation.settings import SafeEvaluationSettings
from stages.formats.native import write_native
from stages.safety import SAFETY
from stages.safety.segments.settings import PartitionSettings
from tests.safety.two_speeds import two_speeds

QUICK = {"hidden_sizes": [8], "num_steps": 3, "batch_size": 4, "cost_limits": [2, 4]}


@pytest.fixture
def dataset(tmp_path):
    """Two-dimensional episodes that claim to be of the safe navigation task."""
    made = two_speeds()
    cut = {name: getattr(made, name)[:, :2] for name in ("observations", "next_observations")}
    path = tmp_path / "data.hdf5"
    write_native(path, replace(made, **cut, environment="safe_navigation"))
    return str(path)


def partitioned(dataset, tmp_path):
    path = str(tmp_path / "partition.safetensors")
    partition_trajectories.main(dataset, path, PartitionSettings(cost_limits=(2, 4, 6), segment_ratio=0.25))
    return path


@pytest.mark.parametrize("method", ["bc_all", "bc_safe", "trac"])
def test_from_data_to_returns_and_costs(dataset, tmp_path, method, capsys):
    extra = {"pretraining_steps": 3} if method == "trac" else {}
    choice = SAFETY.choose({"method": method} | QUICK | extra)
    labelled = partitioned(dataset, tmp_path) if method == "trac" else None
    policy, output = str(tmp_path / "policy.safetensors"), str(tmp_path / "evaluation.npz")
    train_safe.main(dataset, labelled, policy, choice, [0, 1], "cpu")
    first = (tmp_path / "policy.safetensors").read_bytes()
    train_safe.main(dataset, labelled, policy, choice, [0, 1], "cpu")
    assert (tmp_path / "policy.safetensors").read_bytes() == first
    evaluate_safe.main(dataset, policy, output, SafeEvaluationSettings(episodes=2))
    with np.load(output) as arrays:
        assert arrays["limits"].tolist() == [2, 4]
        assert arrays["returns"].shape == arrays["costs"].shape == (2, 2, 2)
    assert "under the cost limits 2, 4" in capsys.readouterr().out


def test_a_method_of_labels_needs_a_partition(dataset, tmp_path):
    choice = SAFETY.choose({"method": "trac"} | QUICK)
    with pytest.raises(UserError, match="--given: trac needs partition, this is not there"):
        train_safe.main(dataset, None, str(tmp_path / "policy.safetensors"), choice, [0], "cpu")
    with pytest.raises(UserError, match="trac needs partition, this is safe"):
        wrong = str(tmp_path / "wrong.safetensors")
        train_safe.main(dataset, None, wrong, SAFETY.choose({"method": "bc_all"} | QUICK), [0], "cpu")
        train_safe.main(dataset, wrong, str(tmp_path / "policy.safetensors"), choice, [0], "cpu")


def test_a_dataset_without_costs_is_refused_by_name(tmp_path):
    path = str(tmp_path / "free.hdf5")
    write_native(path, replace(two_speeds(), costs=None, environment="safe_navigation"))
    choice = SAFETY.choose({"method": "bc_all"} | QUICK)
    with pytest.raises(UserError, match=r"free\.hdf5: the method needs costs, the dataset has none"):
        train_safe.main(path, None, str(tmp_path / "policy.safetensors"), choice, [0], "cpu")
