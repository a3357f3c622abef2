"""The two commands that evaluate, on files, and what they say about files that do not fit."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stages import evaluate, evaluate_safe, train_offline
from stages.algorithms import ALGORITHMS
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.evaluation.settings import EvaluationSettings, SafeEvaluationSettings
from stages.formats.native import write_native
from tests.synthetic import two_policies

SETTINGS = EvaluationSettings(episodes=2)


@pytest.fixture
def dataset(tmp_path):
    """Episodes in the plane that claim to be of the navigation task."""
    path = tmp_path / "data.hdf5"
    write_native(path, replace(two_policies(episodes=4, steps=10), environment="navigation"))
    return str(path)


@pytest.fixture
def policy(dataset, tmp_path):
    choice = ALGORITHMS.choose({"method": "bc", "hidden_sizes": [4], "num_steps": 3, "batch_size": 4})
    train_offline.main(dataset, str(tmp_path / "policy.safetensors"), choice, [3, 7], "cpu")
    return str(tmp_path / "policy.safetensors")


def test_from_a_policy_to_returns(dataset, policy, tmp_path, capsys):
    evaluate.main(dataset, [policy], str(tmp_path / "evaluation.npz"), SETTINGS, [3, 7])
    with np.load(tmp_path / "evaluation.npz") as arrays:
        assert arrays["seeds"].tolist() == [3, 7]
        assert arrays["returns"].shape == (2, 2)
    assert "over 4 episodes of seeds [3, 7]" in capsys.readouterr().out


def test_a_dataset_without_environment_is_refused(policy, tmp_path):
    path, output = tmp_path / "bare.hdf5", tmp_path / "evaluation.npz"
    write_native(path, replace(two_policies(episodes=4, steps=10), environment=""))
    with pytest.raises(UserError, match=r"bare\.hdf5: names no environment, so nothing can be evaluated in it"):
        evaluate.main(str(path), [policy], str(output), SETTINGS, [3, 7])
    assert not output.exists()


def test_policies_have_to_be_those_of_the_seeds(dataset, policy, tmp_path):
    with pytest.raises(UserError, match="--seeds: the policies are of 2 seeds, not of 1"):
        evaluate.main(dataset, [policy], str(tmp_path / "evaluation.npz"), SETTINGS, [3])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.metadata.pop("policy_sizes"),
        lambda file: file.metadata.update(policy_sizes=[4]),
        lambda file: file.tensors.pop("normaliser/action_centre"),
        lambda file: file.tensors.update({"policy/parameters": torch.zeros(3)}),
        lambda file: file.tensors.update({"policy/parameters": file.tensors["policy/parameters"].double()}),
    ],
)
def test_policies_of_another_version_are_named(dataset, policy, tmp_path, spoil):
    file = Artifact.load(policy)
    spoil(file)
    file.save(policy)
    with pytest.raises(UserError, match="was made by another version, or is damaged") as caught:
        evaluate.main(dataset, [policy], str(tmp_path / "evaluation.npz"), SETTINGS, [3, 7])
    assert str(caught.value).startswith(f"{policy}: ") and "\n" not in str(caught.value)


def test_policies_for_other_observations_are_refused(policy, tmp_path):
    wide = replace(two_policies(episodes=4, steps=10), environment="takeball")
    write_native(tmp_path / "other.hdf5", wide)
    with pytest.raises(UserError, match=r"--policy: made for observations of 2 numbers, the environment has 6"):
        evaluate.main(str(tmp_path / "other.hdf5"), [policy], str(tmp_path / "evaluation.npz"), SETTINGS, [3, 7])


def test_policies_have_to_be_named(dataset, tmp_path):
    with pytest.raises(UserError, match="--policy: no policies were named"):
        evaluate.main(dataset, None, str(tmp_path / "evaluation.npz"), SETTINGS, [0])
    with pytest.raises(UserError, match="--policy: no policies were named"):
        evaluate_safe.main(dataset, None, str(tmp_path / "evaluation.npz"), SafeEvaluationSettings())


def test_policies_without_limits_are_not_evaluated_under_limits(dataset, policy, tmp_path):
    with pytest.raises(UserError, match=r"policy\.safetensors: these policies were trained without cost limits"):
        evaluate_safe.main(dataset, policy, str(tmp_path / "evaluation.npz"), SafeEvaluationSettings())
