import pytest
import torch

from stages.clustering.vae_kmeans import VaeKmeansSettings, divergence_from_prior
from tests.clustering.autoencoder_data import continuous, discrete, method_of, rand_indices

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    VaeKmeansSettings(
        hidden_sizes=(16, 16),
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

STEPS = {"train_steps": 200, "kl_weight": 0.1}


@pytest.mark.parametrize("dataset", [continuous(), discrete()], ids=["continuous", "discrete"])
def test_separable_policies_are_found_by_every_seed(dataset):
    found = method_of("vae_kmeans", dataset, [0, 1, 2], **STEPS).fit()
    assert rand_indices(found, dataset.behaviour_policy) == [1.0] * 3
    assert found.details["latents"].shape == (3, 40, 4)
    assert {"divergence/values", "reconstruction/values"} <= set(found.metrics)


def test_divergence_is_that_of_torch():
    random = torch.Generator().manual_seed(0)
    mean, log_std = (torch.randn(5, 3, generator=random) for _ in range(2))
    prior, posterior = torch.distributions.Normal(0.0, 1.0), torch.distributions.Normal(mean, log_std.exp())
    expected = torch.distributions.kl_divergence(posterior, prior).sum(-1)
    torch.testing.assert_close(divergence_from_prior(mean, log_std), expected)
    assert divergence_from_prior(torch.zeros(1, 3), torch.zeros(1, 3)).item() == 0


def test_a_heavy_divergence_collapses_the_latents():
    light, heavy = (method_of("vae_kmeans", train_steps=80, kl_weight=weight).fit() for weight in (0.01, 100.0))
    assert heavy.metrics["divergence/values"][-1] < 0.01 * light.metrics["divergence/values"][-1]
    assert heavy.details["latents"].std(1).max() < 0.1 * light.details["latents"].std(1).max()


def test_drawn_latents_are_noisy_ones():
    mean, sample = (method_of("vae_kmeans", train_steps=60, cluster_on=latents).fit() for latents in ("mean", "sample"))
    difference = sample.details["latents"] - mean.details["latents"]
    assert 0.05 < difference.std() < 2
    again = method_of("vae_kmeans", seeds=[1, 0], train_steps=60, cluster_on="sample").fit()
    torch.testing.assert_close(again.details["latents"][1], sample.details["latents"][0], rtol=1e-3, atol=1e-3)


def test_unseen_episodes_and_degenerate_input():
    method = method_of("vae_kmeans", train_steps=20)
    found = method.fit()
    torch.testing.assert_close(method.predict(method.job.dataset), found.responsibilities)
    single = method_of("vae_kmeans", continuous(1, 1), num_clusters=1, train_steps=5).fit()
    assert single.sizes() == [[1]]
