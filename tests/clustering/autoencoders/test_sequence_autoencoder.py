from dataclasses import replace

import pytest
import torch

from stages.clustering.autoencoders.autoencoder import AutoencoderSettings, TrajectoryAutoencoder
from stages.clustering.autoencoders.sequence_autoencoder import SequenceAutoencoder
from stages.clustering.autoencoders.window import Window
from stages.networks.ensemble import Ensemble
from stages.networks.heads import head_of
from stages.networks.sequences.parts import Block
from stages.training.job import Job
from tests.clustering.autoencoder_data import discrete
from tests.synthetic import make_episodes

STEPS = "observations", "actions"
SMALL = {"width": 8, "latent_width": 4, "recurrent_width": 3}
DATASETS = {"continuous": make_episodes([6, 1, 4]), "discrete": discrete(3, 6)}


def model_of(dataset, seeds=(0, 1), **settings) -> TrajectoryAutoencoder:
    return TrajectoryAutoencoder(Job(dataset, list(seeds)), AutoencoderSettings(**{**SMALL, **settings}))


def whole(model: TrajectoryAutoencoder, more: int = 0) -> Window:
    """All episodes, with `more` steps of padding."""
    ((_, window),) = model.windows.consecutive(100)
    longer = {name: torch.nn.functional.pad(getattr(window, name), (0, 0, 0, 0, 0, more), value=1.0) for name in STEPS}
    return Window(**longer, mask=torch.nn.functional.pad(window.mask, (0, 0, 0, more)))


@pytest.mark.parametrize("pooling", ["attention", "last"])
@pytest.mark.parametrize("kind", DATASETS)
def test_padding_changes_neither_latents_nor_likelihood(kind, pooling):
    model = model_of(DATASETS[kind], pooling=pooling)
    parameters, short, long = model.parts.views(), whole(model), whole(model, 9)
    latents = model.network.encode(parameters, short)
    assert latents.shape == (2, 3, 4)
    torch.testing.assert_close(model.network.encode(parameters, long), latents)
    log_probs = model.network.log_prob(parameters, short, latents)
    torch.testing.assert_close(model.network.log_prob(parameters, long, latents), log_probs)


@pytest.mark.parametrize("kind", DATASETS)
def test_likelihood_is_the_sum_over_all_steps_the_last_one_too(kind):
    dataset = DATASETS[kind]
    model, head = model_of(dataset, [0]), head_of(dataset)
    parameters, latents = model.parts.views(), torch.randn(1, 3, 4, generator=torch.Generator().manual_seed(0))
    found = model.network.log_prob(parameters, whole(model), latents)[0]
    repeated = latents[0].repeat_interleave(torch.from_numpy(dataset.episode_lengths), 0)
    columns = model.windows.windows.rows.chunk(0, dataset.num_steps)
    inputs = torch.cat([columns["observations"], repeated[None, None]], dim=-1)
    outputs = model.network.decoder(parameters["decoder"], inputs)
    of_steps = head.log_prob(outputs, columns["actions"]).flatten()
    expected = torch.zeros(3).index_add(0, torch.from_numpy(dataset.episode_of_step), of_steps)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("pooling", ["attention", "last"])
@pytest.mark.parametrize("kind", DATASETS)
def test_every_parameter_gets_a_gradient(kind, pooling):
    model = model_of(DATASETS[kind], pooling=pooling, width=16)
    views, window = model.parts.views(), whole(model)
    for view in views.values():
        view.retain_grad()
    model.reconstruction(views, window, model.network.encode(views, window)).sum().backward()
    unused = {"encoder/score_weight", "encoder/score_bias"} if pooling == "last" else {"encoder/score_bias"}
    for name, view in views.items():
        assert name in unused or (view.grad is not None and view.grad.abs().max() > 0), name


def test_the_latent_of_a_long_episode_is_the_mean_over_its_windows():
    dataset = make_episodes([7, 3])
    model = model_of(dataset, window=3)
    parts = replace(make_episodes([7, 3]), truncations=dataset.truncations.copy())
    parts.truncations[[2, 5]] = True
    of_parts = model.latents(parts)
    torch.testing.assert_close(model.latents()[:, 0], of_parts[:, :3].mean(1))
    torch.testing.assert_close(model.latents()[:, 1], of_parts[:, 3])


def test_more_outputs_of_the_encoder_do_not_change_the_decoder():
    network = SequenceAutoencoder(1, 3, head_of(DATASETS["continuous"]), None, 8, 3, 4, 10, "attention")
    assert isinstance(network.parts["encoder/latent_weight"], Block)
    assert network.parts["encoder/latent_weight"].shape == (6, 10)
    assert network.parts["decoder"] == Ensemble((7, 8, 8, 4), 1)
