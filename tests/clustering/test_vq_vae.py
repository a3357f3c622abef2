import pytest
import torch

from stages.clustering.vq_vae import VqVaeSettings, quantised
from stages.training.restarts import best_runs
from tests.clustering.autoencoder_data import continuous, discrete, method_of, rand_indices

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    VqVaeSettings(
        hidden_sizes=(16, 16),
        pretrain_steps=5,
        train_steps=10,
        window=10,
        batch_windows=16,
        width=8,
        batch_size=50,
        learning_rate=0.003,
        num_clusters=2,
        refit_epochs=4,
    ),
]


@pytest.mark.parametrize("dataset", [continuous(), discrete()], ids=["continuous", "discrete"])
def test_separable_policies_are_found_by_every_seed(dataset):
    found = method_of("vq_vae", dataset, [0, 1, 2], codebook_size=4).fit()
    assert rand_indices(found, dataset.behaviour_policy) == [1.0] * 3
    assert found.details["latents"].shape == (3, 40, 4)
    assert {"codes in use/values", "centroid distance min/values", "commitment/values"} <= set(found.metrics)


def test_of_several_runs_the_one_with_the_least_objective_is_kept():
    assert best_runs(torch.tensor([3.0, 1.0, 2.0, 0.0, 5.0, 4.0]), 3).tolist() == [1, 3]
    few = {"seeds": [0, 1], "train_steps": 5, "pretrain_steps": 5}
    method = method_of("vq_vae", restarts=2, **few)
    found = method.fit()
    objective = method.quantisation.whole_objective().view(2, 2)
    assert torch.equal(objective.flatten()[method.kept], objective.amin(1))
    single = method_of("vq_vae", restarts=1, **few).fit()
    first = method.kept == torch.tensor([0, 2])
    torch.testing.assert_close(found.score_history[:, first], single.score_history[:, first], rtol=1e-3, atol=1e-3)
    assert found.score_history.shape == single.score_history.shape
    assert {name: values.shape for name, values in found.metrics.items()} == {
        name: values.shape for name, values in single.metrics.items()
    }


def test_labels_can_be_the_codes():
    dataset = discrete()
    method = method_of("vq_vae", dataset, labels_from="codes", codebook_size=9)
    found = method.fit()
    assert rand_indices(found, dataset.behaviour_policy) == [1.0]
    assert found.responsibilities.shape == (1, 40, 2)
    chosen, _ = quantised(found.details["latents"], method.quantisation.codebook[method.kept])
    assert torch.equal(chosen, found.responsibilities)


def test_the_nearest_code_is_chosen():
    random = torch.Generator().manual_seed(0)
    latents, codebook = torch.randn(2, 7, 3, generator=random), torch.randn(2, 4, 3, generator=random)
    chosen, codes = quantised(latents, codebook)
    index = torch.cdist(latents, codebook).argmin(-1)
    assert torch.equal(chosen.argmax(-1), index)
    torch.testing.assert_close(
        codes, torch.stack([codes_of_seed[i] for codes_of_seed, i in zip(codebook, index, strict=True)])
    )


def phase_of(**settings):
    """The phase of quantisation of a method that was trained a little, its views and a window of all episodes."""
    method = method_of("vq_vae", train_steps=1, pretrain_steps=20, restarts=1, codebook_size=3, **settings)
    method.fit()
    phase = method.quantisation
    views = phase.model.parts.views()
    for view in views.values():
        view.retain_grad()
    ((_, window),) = phase.model.windows.consecutive(1000)
    return phase, views, window


def test_the_gradient_of_the_reconstruction_passes_straight_through():
    phase, views, window = phase_of(codebook_weight=0.0, commitment_weight=0.0)
    phase.objective(views, window, {})["loss"].sum().backward()
    passed = views["encoder/latent_weight"].grad.clone()
    codes = quantised(phase.model.network.encode(views, window), views["codebook"])[1].detach().requires_grad_()
    latents = phase.model.network.encode(views, window)
    at_codes = phase.model.reconstruction(views, window, codes).sum()
    (expected,) = torch.autograd.grad(at_codes, codes)
    (of_encoder,) = torch.autograd.grad((latents * expected).sum(), views["encoder/latent_weight"])
    torch.testing.assert_close(passed, of_encoder)
    assert views["codebook"].grad is None or views["codebook"].grad.abs().max() == 0


def test_the_codebook_follows_its_latents_and_they_are_held_near():
    phase, views, window = phase_of(codebook_weight=1.0, commitment_weight=0.0)
    latents = phase.model.network.encode(views, window).detach()
    chosen, codes = quantised(latents, views["codebook"])
    phase.objective(views, window, {})["loss"].sum().backward()
    scale = 2 / (latents[0].numel() * phase.model.mean_steps)
    expected = scale * (chosen.mT @ (codes - latents))
    torch.testing.assert_close(views["codebook"].grad, expected.detach(), rtol=1e-4, atol=1e-7)
    free, held = (method_of("vq_vae", commitment_weight=weight, codebook_size=3).fit() for weight in (0.0, 20.0))
    assert held.metrics["commitment/values"][-1] < 0.5 * free.metrics["commitment/values"][-1]


def test_unused_codes_move_to_latents_of_the_batch():
    phase, _, _ = phase_of()
    before = phase.codebook.clone()
    phase.used[:] = torch.tensor([True, False, True])
    drawn = {"index": torch.arange(40)[None], "window": torch.zeros(1, 1, 40, 1)}
    batch = phase.rows.gather(drawn["index"]) | {"window": drawn["window"]}
    phase.revive(batch)
    assert torch.equal(phase.codebook[:, [0, 2]], before[:, [0, 2]])
    latents = phase.model.network.encode(phase.model.parts.views(), phase.drawn(batch)).detach()
    assert torch.cdist(phase.codebook[:, 1:2], latents).min() < 1e-5
    assert not phase.used.any()


def test_unseen_episodes_and_degenerate_input():
    method = method_of("vq_vae", train_steps=20, pretrain_steps=20)
    found = method.fit()
    torch.testing.assert_close(method.predict(method.job.dataset), found.responsibilities)
    single = method_of("vq_vae", continuous(1, 1), num_clusters=1, train_steps=5, pretrain_steps=5).fit()
    assert single.sizes() == [[1]]
