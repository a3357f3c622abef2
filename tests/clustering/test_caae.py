import pytest
import torch

from stages.clustering.caae import CaaeSettings, attracted, separated
from tests.clustering.autoencoder_data import continuous, discrete, method_of, rand_indices

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    CaaeSettings(
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


def random(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape))).requires_grad_()


@pytest.mark.parametrize("dataset", [continuous(), discrete()], ids=["continuous", "discrete"])
def test_separable_policies_are_found_by_every_seed(dataset):
    found = method_of("caae", dataset, [0, 1, 2]).fit()
    assert rand_indices(found, dataset.behaviour_policy) == [1.0] * 3
    assert found.score_name == "negative loss per step"
    assert found.details["latents"].shape == (3, 40, 4)
    assert {"attraction/values", "centroid distance min/values", "pretraining loss/values"} <= set(found.metrics)


def test_attraction_is_the_squared_distance_to_the_nearest_centroid():
    latents, codebook = random(2, 7, 3), random(2, 4, 3)
    expected = torch.cdist(latents, codebook).square().amin(-1)
    torch.testing.assert_close(attracted(latents, codebook, None), expected)
    torch.testing.assert_close(attracted(latents, codebook, 0.3), expected)


def test_attraction_pulls_latents_and_centroids_together():
    latents, codebook = random(1, 6, 3), random(1, 2, 3)
    distance = attracted(latents, codebook, None)
    distance.sum().backward()
    nearest = torch.cdist(latents, codebook).argmin(-1)[0]
    for z, gradient, j in zip(latents[0], latents.grad[0], nearest, strict=True):
        torch.testing.assert_close(gradient, 2 * (z - codebook[0, j]))
    assert codebook.grad.abs().max() > 0
    with torch.no_grad():
        moved = latents - 0.1 * latents.grad, codebook - 0.01 * codebook.grad
    assert (attracted(moved[0], codebook, None) < distance).all()
    assert attracted(latents, moved[1], None).sum() < distance.sum()


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_gradient_is_split_between_codebook_and_encoder(share):
    latents, codebook = random(1, 6, 3), random(1, 2, 3)
    whole = torch.autograd.grad(attracted(latents, codebook, None).sum(), (latents, codebook))
    split = torch.autograd.grad(attracted(latents, codebook, share).sum(), (latents, codebook))
    torch.testing.assert_close(split[0], (1 - share) * whole[0])
    torch.testing.assert_close(split[1], share * whole[1])


def test_separation_is_the_mean_over_pairs_and_saturates():
    codebook = torch.tensor([[[0.0, 0.0], [0.5, 0.0], [9.0, 0.0]]], requires_grad=True)
    found = separated(codebook)
    assert found.item() == pytest.approx(2 * (0.25 + 1 + 1) / 9)
    found.sum().backward()
    assert codebook.grad[0, 0].tolist() == pytest.approx([-2 / 9, 0])
    assert codebook.grad[0, 2].tolist() == [0, 0]
    assert separated(codebook[:, :1]).item() == 0


def gradients_of(method) -> dict[str, torch.Tensor]:
    """Gradients of a method's objective at its present parameters, by part."""
    model = method.model
    views = model.parts.views()
    for view in views.values():
        view.retain_grad()
    ((_, window),) = model.windows.consecutive(1000)
    method.objective(views, window, {})["loss"].sum().backward()
    model.parts.parameters.grad = None
    return {name: view.grad for name, view in views.items()}


def test_the_objective_moves_encoder_and_codebook_by_the_attraction():
    plain, drawn = (
        method_of("caae", attraction=weight, separation=0.0, train_steps=1, pretrain_steps=1) for weight in (0.0, 1.0)
    )
    plain.fit(), drawn.fit()
    drawn.model.parts.parameters.data.copy_(plain.model.parts.parameters)
    without, with_attraction = gradients_of(plain), gradients_of(drawn)
    assert without["codebook"].abs().max() == 0
    assert with_attraction["codebook"].abs().max() > 0
    for name in ("encoder/steps", "encoder/latent_weight"):
        assert (with_attraction[name] - without[name]).abs().max() > 1e-6
    torch.testing.assert_close(with_attraction["decoder"], without["decoder"])


def spread(found) -> float:
    """Mean squared distance of the latents to the nearest centroid."""
    return float(found.metrics["attraction/values"][-1].mean())


def test_attraction_gathers_latents_and_separation_keeps_centroids_apart():
    seeds = [0, 1]
    free, drawn = (method_of("caae", seeds=seeds, attraction=weight).fit() for weight in (0.0, 2.0))
    assert spread(drawn) < 0.3 * spread(free)
    options = {"pretrain_steps": 0, "initialise_codebook": "normal", "attraction": 20.0, "seeds": seeds}
    alone, apart = (method_of("caae", separation=weight, **options).fit() for weight in (0.0, 50.0))
    least = "centroid distance min/values"
    assert (apart.metrics[least][-1] > 0.9).all()
    assert (apart.metrics[least][-1] >= alone.metrics[least][-1]).all()


def test_released_behaviour_is_a_plain_autoencoder_with_k_means():
    dataset = continuous()
    options = {"attraction": 0.0, "separation": 0.0, "assignment": "kmeans", "initialise_codebook": "normal"}
    method = method_of("caae", dataset, **options)
    found = method.fit()
    assert rand_indices(found, dataset.behaviour_policy) == [1.0]
    torch.testing.assert_close(found.metrics["loss/values"], found.metrics["reconstruction/values"])


def test_unseen_episodes_go_to_the_clusters_found():
    method = method_of("caae")
    found, unseen = method.fit(), continuous(seed=1)
    torch.testing.assert_close(method.predict(method.job.dataset), found.responsibilities)
    agreement = rand_indices(found, method.job.dataset.behaviour_policy)
    assert agreement == [1.0]
    labels = method.predict(unseen)[0].argmax(-1).numpy()
    assert len(set(zip(labels.tolist(), unseen.behaviour_policy.tolist(), strict=True))) == 2


def test_degenerate_input():
    one_cluster = method_of("caae", num_clusters=1, train_steps=5, pretrain_steps=5).fit()
    assert (one_cluster.labels == 0).all()
    one_episode = method_of("caae", continuous(1), num_clusters=1, train_steps=5, pretrain_steps=5).fit()
    assert one_episode.sizes() == [[1]]
    one_step = method_of("caae", continuous(6, 1), train_steps=5, pretrain_steps=5).fit()
    assert one_step.responsibilities.isfinite().all()


def test_policies_of_the_clusters_are_fitted_if_asked_for():
    found = method_of("caae", train_steps=5, refit_epochs=1, hidden_sizes=(8,)).fit()
    assert found.behaviours is not None
    assert "refit policy/values" in found.artifact(seeds=[0]).part("metrics")
    assert method_of("caae", train_steps=5, pretrain_steps=0).fit().behaviours is None
