"""The command that estimates returns, on files of a dataset without an environment."""

from dataclasses import replace

import pytest

from stages import estimate_returns, train_offline
from stages.algorithms import ALGORITHMS
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.formats.native import write_native
from tests.evaluation.test_return_estimates import SMALLEST
from tests.smallest import smallest_choice
from tests.synthetic import two_policies


@pytest.fixture
def dataset(tmp_path):
    path = tmp_path / "data.hdf5"
    write_native(path, replace(two_policies(episodes=4, steps=10), environment=""))
    return str(path)


def policy(dataset, tmp_path, method="td3_bc"):
    path = str(tmp_path / "policy.safetensors")
    train_offline.main(dataset, path, smallest_choice(ALGORITHMS, method), [3, 7], "cpu")
    return path


def test_from_a_policy_to_an_estimate(dataset, tmp_path, capsys):
    output = str(tmp_path / "estimate.safetensors")
    estimate_returns.main(dataset, [policy(dataset, tmp_path)], output, SMALLEST[0], [3, 7], "cpu")
    made = Artifact.load(output)
    assert made.tensors["start_values"].shape == (2, 2, 4)
    assert made.metadata["seeds"] == [3, 7] and made.metadata["kind"] == "estimate"
    assert "discounted, over seeds [3, 7]" in capsys.readouterr().out


def test_policies_of_whole_episodes_are_refused(dataset, tmp_path):
    output = tmp_path / "estimate.safetensors"
    trained = policy(dataset, tmp_path, "decision_transformer")
    with pytest.raises(UserError, match="--policy: fitted Q evaluation needs policies of the state alone"):
        estimate_returns.main(dataset, [trained], str(output), SMALLEST[0], [3, 7], "cpu")
    assert not output.exists()


def test_policies_have_to_be_named(dataset, tmp_path):
    with pytest.raises(UserError, match="--policy: no policies were named"):
        estimate_returns.main(dataset, None, str(tmp_path / "estimate.safetensors"), SMALLEST[0], [0], "cpu")
