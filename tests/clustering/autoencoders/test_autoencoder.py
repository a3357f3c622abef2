import pytest
import torch

from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, Phase, TrajectoryAutoencoder
from stages.training.job import Job
from tests.clustering.autoencoder_data import continuous
from tests.synthetic import ragged

QUICK = {"width": 16, "latent_width": 4, "batch_windows": 20, "learning_rate": 0.01}


def trained(seeds=(0,), steps=60, dataset=None, **settings) -> Phase:
    model = TrajectoryAutoencoder(
        Job(dataset or continuous(), list(seeds)), AutoencoderSettings(**{**QUICK, **settings})
    )

    def reconstruct(parameters, window, batch):
        return {"loss": model.reconstruction(parameters, window, model.network.encode(parameters, window))}

    phase = Phase(model, reconstruct, steps, "test")
    phase.train()
    return phase


def test_score_is_the_mean_negative_loss_of_each_period_and_rises():
    phase = trained([0, 1], 150)
    assert phase.score_history.shape == (3, 2)
    assert (phase.score_history.diff(dim=0) > 0).all()
    assert (phase.metrics["loss/values"][-1] < -phase.score_history[0]).all()


def test_a_seed_does_not_depend_on_those_beside_it():
    block, alone = trained([2, 0, 1], 30), trained([1], 30)
    torch.testing.assert_close(block.model.latents()[2], alone.model.latents()[0], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(block.score_history[:, 2], alone.score_history[:, 0], rtol=1e-4, atol=1e-5)


def test_a_converged_seed_stops_early_if_told_to(monkeypatch):
    monkeypatch.setattr("stages.clustering.autoencoders.autoencoder.LONGEST_PERIOD", 5)
    endless, early = trained([0, 1], 70), trained([0, 1], 70, stop_early=True, tolerance=9.0)
    assert endless.score_history.isfinite().all()
    assert early.converged.tolist() == [True, True]
    assert early.finished()
    ran = early.score_history.isfinite()
    assert (ran.sum(0) == 11).all()
    torch.testing.assert_close(early.score_history[ran], endless.score_history[ran])


def test_fewer_steps_than_a_period():
    assert trained(steps=7).score_history.shape == (1, 1)
    phase = trained(steps=0)
    assert phase.metrics == {}
    assert not phase.converged.any()


@pytest.mark.parametrize("window", [1, 4, 50])
def test_ragged_episodes(window):
    phase = trained([0, 1], 10, ragged(), window=window)
    latents = phase.model.latents()
    assert latents.shape == (2, 9, 4)
    assert latents.isfinite().all()
