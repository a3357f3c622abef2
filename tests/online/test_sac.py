import numpy as np
import pytest
import torch

from stages.online.collector import Collector
from stages.online.sac import Sac, SacSettings, train
from stages.online.training import OnlineJob, rounds
from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.rows import Rows

SMALL = SacSettings(
    num_steps=96, snapshot_every=32, num_robots=2, random_steps=40, capacity=150, hidden_sizes=(8, 8), batch_size=16
)


@pytest.mark.parametrize("ratio", [0.1, 0.5, 1.0, 2.0])
def test_rounds_keep_the_ratio(ratio):
    updates, steps_each = rounds(ratio, 8)
    assert updates / (8 * steps_each) == pytest.approx(ratio, rel=0.05)


class Killed(BaseException):
    pass


@pytest.mark.parametrize("environment", ["Hopper-v4", "Ant-v4"])
def test_a_killed_training_goes_on_bit_by_bit(environment, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = train(OnlineJob(environment), SMALL)
    assert [actors.names for actors in whole] == [("step 32",), ("step 64",), ("step 96",)]

    advance, save = Progress.advance_to, Checkpoint.save_if_due
    monkeypatch.setattr(Checkpoint, "save_if_due", Checkpoint.save)

    def kill(progress, done):
        if done >= 48:
            raise Killed
        advance(progress, done)

    monkeypatch.setattr(Progress, "advance_to", kill)
    job = OnlineJob(environment, output="out.safetensors", fingerprint="same")
    with pytest.raises(Killed):
        train(job, SMALL)
    monkeypatch.setattr(Progress, "advance_to", advance)
    monkeypatch.setattr(Checkpoint, "save_if_due", save)
    resumed = train(job, SMALL)
    for this, other in zip(whole, resumed, strict=True):
        assert torch.equal(this.parameters, other.parameters)
        assert torch.equal(this.observation_mean, other.observation_mean)
    assert not torch.equal(whole[0].parameters, whole[1].parameters)
    job.finish()
    assert not list(tmp_path.rglob("*.safetensors"))


def learner_with(rows):
    """A learner whose memory holds the same transition everywhere."""

    class Memory(Collector):
        def __init__(self):
            self.rows = Rows({name: torch.tensor(value).expand(32, -1) for name, value in rows.items()})
            self.mean, self.std = torch.zeros(2), torch.ones(2)

        def tensors(self):
            return {}

    # Wide enough that no critic begins with all of its units off, as those of eight do for a tenth of the seeds.
    settings = SMALL.model_copy(update={"learning_rate": 3e-3, "discount": 0.5, "hidden_sizes": (32, 32)})
    return Sac(Memory(), settings, 0, "cpu"), Memory().rows


def test_critics_learn_the_reward_of_a_terminal_step():
    transition = {"observations": [1.0, 0.0], "actions": [0.5], "rewards": [3.0], "continues": [0.0]}
    learner, rows = learner_with(transition | {"next_observations": [0.0, 1.0]})
    noise = {"actor_noise": torch.zeros(1, 1, 16, 1), "target_noise": torch.zeros(1, 1, 16, 1)}
    for _ in range(300):
        learner.fit_critics(rows.gather(torch.zeros(1, 16, dtype=torch.int64)) | noise)
    values = learner.critics(torch.tensor([[[[1.0, 0.0, 0.5]]]]))
    np.testing.assert_allclose(values.detach().flatten(), 3.0, atol=0.05)


def test_the_temperature_falls_while_the_policy_is_more_random_than_asked_for():
    transition = {"observations": [1.0, 0.0], "actions": [0.5], "rewards": [0.0], "continues": [0.0]}
    learner, rows = learner_with(transition | {"next_observations": [0.0, 1.0]})
    batch = rows.gather(torch.zeros(1, 16, dtype=torch.int64)) | {"actor_noise": torch.zeros(1, 1, 16, 1)}
    losses = learner.fit_actor(batch)
    assert losses["entropy"].item() > -1 and learner.log_temperature.item() < 0
