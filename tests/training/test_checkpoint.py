import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.artifacts import Artifact
from stages.progress import Progress
from stages.training import checkpoint as module
from stages.training.checkpoint import Checkpoint, remove_checkpoints
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.metrics import Diverged, Metrics
from tests.synthetic import two_policies
from tests.training.learners import Regression, regression_draws, regression_rows

SEEDS = [0, 3]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


class Killed(BaseException):
    pass


class KillAt(Progress):
    """Stands for a kill once `step` steps have been made."""

    def __init__(self, step: int) -> None:
        super().__init__("test", 100)
        self.step = step

    def advance_to(self, done: int) -> None:
        if done >= self.step:
            raise Killed


def train(
    steps: int, checkpoint: Checkpoint | None = None, progress: Progress | None = None
) -> dict[str, torch.Tensor]:
    """All that a run leaves behind: the learner's tensors and the metrics."""
    learner = Regression(SEEDS)
    loop = Loop(learner, regression_rows(), regression_draws(SEEDS), checkpoint, progress, log_every=10)
    metrics = loop.run(steps)
    return {**learner.tensors(), **metrics.tensors()}


def saved(step: int = 3, fingerprint: str = "print") -> Regression:
    learner = Regression(SEEDS)
    Checkpoint("test", "results/out", fingerprint).save(learner, Metrics(), step)
    return learner


@pytest.mark.usefixtures("arithmetic")
@pytest.mark.parametrize("kill_at", [1, 33, 96])
def test_kill_and_resume_is_bit_equal(kill_at):
    whole = train(100)
    with pytest.raises(Killed):
        train(100, Checkpoint("test", "out", "print", every_seconds=0.0), KillAt(kill_at))
    resumed = train(100, Checkpoint("test", "out", "print", every_seconds=0.0))
    assert resumed.keys() == whole.keys()
    for name, tensor in whole.items():
        assert torch.equal(resumed[name], tensor), name


def test_resumed_run_really_starts_late():
    with pytest.raises(Killed):
        train(100, Checkpoint("test", "out", "print", every_seconds=0.0), KillAt(60))
    learner = Regression(SEEDS)
    assert Checkpoint("test", "out", "print").resume(learner, Metrics()) == 64
    assert learner.tensors()["step"] == 64


SCRIPT = """
import os, signal, sys
import tests.conftest  # the seeds and the rounding of this run
import torch
from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.job import Job
from stages.training.loop import Loop
from stages.artifacts import save_tensors
from tests.synthetic import two_policies
from tests.training.learners import Regression, regression_draws, regression_rows

class Kill(Progress):
    def advance_to(self, done):
        if done >= int(sys.argv[1]):
            os.kill(os.getpid(), signal.SIGKILL)

torch.set_num_threads(1)
learner = Regression([0, 3])
checkpoint = Checkpoint("test", "out", "print", every_seconds=0.0)
loop = Loop(learner, regression_rows(), regression_draws([0, 3]), checkpoint, Kill("test", 100), log_every=10)
metrics = loop.run(100)
save_tensors("result.safetensors", learner.tensors() | metrics.tensors())
"""


def test_kill_9_in_another_process_and_resume_is_bit_equal():
    root = Path(module.__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "OMP_NUM_THREADS": "1"}
    ends = [
        subprocess.run([sys.executable, "-c", SCRIPT, kill_at], env=environment, check=False).returncode
        for kill_at in ("64", "1000")
    ]
    assert ends == [-signal.SIGKILL, 0]
    whole = train(100)
    for name, tensor in Artifact.load("result.safetensors").tensors.items():
        assert torch.equal(tensor, whole[name]), name


def test_a_stale_fingerprint_is_ignored():
    saved(fingerprint="old")
    learner = Regression(SEEDS, learning_rate=0.5)
    before = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    assert Checkpoint("test", "results/out", "new").resume(learner, Metrics()) == 0
    for name, tensor in learner.tensors().items():
        assert torch.equal(tensor, before[name]), name


def test_a_checkpoint_of_other_arithmetic_is_ignored_and_a_line_says_so(monkeypatch, capsys):
    monkeypatch.setattr(module, "networks_on", lambda device: "native (vectors of 16 floats)")
    saved()
    monkeypatch.setattr(module, "networks_on", lambda device: "torch")
    assert Checkpoint("test", "results/out", "print").resume(Regression(SEEDS), Metrics()) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("computed by native (vectors of 16 floats), now by torch: training starts anew")
    assert line.startswith(".checkpoints/results/out.test.safetensors was")


def test_a_run_that_starts_anew_ends_as_one_from_the_start(monkeypatch):
    whole = train(100)
    with pytest.raises(Killed):
        train(100, Checkpoint("test", "out", "print", every_seconds=0.0), KillAt(60))
    monkeypatch.setattr(module, "networks_on", lambda device: "another")
    anew = train(100, Checkpoint("test", "out", "print", every_seconds=0.0))
    for name, tensor in whole.items():
        assert torch.equal(anew[name], tensor), name


def test_no_checkpoint_is_step_zero():
    assert Checkpoint("test", "results/none", "print").resume(Regression(SEEDS), Metrics()) == 0


def test_learners_of_one_job_do_not_share_a_checkpoint():
    saved()
    assert Checkpoint("other", "results/out", "print").resume(Regression(SEEDS), Metrics()) == 0


def test_saving_is_atomic(monkeypatch):
    saved(step=3)
    path = Checkpoint("test", "results/out", "print").path

    def broken(tensors, target, metadata):
        Path(target).write_bytes(b"half a file")
        raise OSError("disk full")

    monkeypatch.setattr("stages.artifacts.save_file", broken)
    with pytest.raises(OSError, match="disk full"):
        saved(step=4)
    assert list(path.parent.iterdir()) == [path]
    assert Checkpoint("test", "results/out", "print").resume(Regression(SEEDS), Metrics()) == 3


def test_saves_are_spaced_in_time(monkeypatch):
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    checkpoint, learner = Checkpoint("test", "out", "print", every_seconds=60.0), Regression(SEEDS)
    found = []
    for now in (0, 59, 60, 61, 119, 120):
        clock[0] = now
        checkpoint.save_if_due(learner, Metrics(), now)
        found.append(Checkpoint("test", "out", "print").resume(learner, Metrics()))
    assert found == [0, 0, 60, 60, 60, 120]


def test_removing_forgets_this_job_alone():
    saved()
    other = Checkpoint("test", "results/out2", "print")
    other.save(Regression(SEEDS), Metrics(), 5)
    remove_checkpoints("results/out")
    assert not Checkpoint("test", "results/out", "print").path.exists()
    assert other.path.exists()


def test_a_diverged_training_names_the_last_good_checkpoint():
    job = Job(two_policies(), SEEDS, output="results/made.safetensors", fingerprint="print")
    learner = Regression(SEEDS)
    checkpoint = Checkpoint("fit", job.output, job.fingerprint)
    Loop(learner, regression_rows(), regression_draws(SEEDS), checkpoint).run(20)
    checkpoint.save(learner, Metrics(), 20)
    rows = regression_rows()
    rows.matrix.fill_(torch.nan)
    with pytest.raises(Diverged, match=r"not finite at step \d+ \(last good: step 20 in .*made"):
        job.train("fit", Regression(SEEDS), rows, regression_draws(SEEDS), 40)
