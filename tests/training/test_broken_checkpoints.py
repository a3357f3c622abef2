"""Checkpoints that a power cut, a full disk or another program left: the training starts anew."""

import pytest
import torch
from safetensors.torch import save_file

from stages.training.checkpoint import Checkpoint
from stages.training.metrics import Metrics
from tests.training.learners import Regression

SEEDS = [0, 3]


@pytest.fixture
def checkpoint(tmp_path, monkeypatch) -> Checkpoint:
    monkeypatch.chdir(tmp_path)
    made = Checkpoint("test", "results/out", "print")
    made.save(Regression(SEEDS), Metrics(), 3)
    return made


def cut(size):
    return lambda path: path.write_bytes(path.read_bytes()[:size])


def saved(tensors, metadata):
    return lambda path: save_file(tensors, path, metadata)


OURS = {"fingerprint": "print", "step": "3"}
BROKEN = {
    "empty": cut(0),
    "cut in its header": cut(100),
    "cut in its tensors": cut(-8),
    "foreign": lambda path: path.write_bytes(b"\x00\x00\x00\x01Bud1\x00\xff"),
    "folder": lambda path: (path.unlink(), path.mkdir()),
    "without metadata": saved({"x": torch.zeros(2)}, None),
    "another program's": saved({"x": torch.zeros(2)}, {"format": "pt"}),
    "without a tensor": saved({"learner/x": torch.zeros(2)}, OURS),
    "with an odd step": saved({"learner/x": torch.zeros(2)}, {"fingerprint": "print", "step": "three"}),
    "with other shapes": lambda path: save_file(
        {f"learner/{name}": torch.zeros(1, 1, 1, 1) for name in Regression(SEEDS).tensors()}, path, OURS
    ),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_checkpoint_counts_as_none(checkpoint, kind):
    BROKEN[kind](checkpoint.path)
    learner = Regression(SEEDS)
    before = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    assert checkpoint.resume(learner, Metrics()) == 0
    assert all(torch.equal(before[name], tensor) for name, tensor in learner.tensors().items())
    checkpoint.last  # noqa: B018  # May say nothing, but must not fail.


def test_a_whole_one_is_taken_up(checkpoint):
    assert checkpoint.resume(Regression(SEEDS), Metrics()) == 3
    assert checkpoint.last.startswith("step 3 in ")
