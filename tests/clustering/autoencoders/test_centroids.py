import pytest
import torch

from stages.clustering.autoencoders.centroids import collapse_facts, k_means, nearest, pairwise, squared_distances

CORNERS = torch.tensor([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])


def blobs(seed: int = 0) -> torch.Tensor:
    noise = torch.randn(1, 60, 2, generator=torch.Generator().manual_seed(seed))
    return CORNERS.repeat(20, 1)[None] + 0.1 * noise


def test_k_means_finds_blobs_for_every_seed_alone_or_in_a_block():
    latents = torch.cat([blobs(0), blobs(1)])
    centres = k_means(latents, 3, [0, 1])
    assert centres.dtype == latents.dtype
    for centre in centres:
        assert torch.cdist(CORNERS, centre).min(1).values.max() < 0.2
    torch.testing.assert_close(k_means(blobs(1), 3, [1])[0], centres[1])


def test_fewer_distinct_latents_than_clusters():
    centres = k_means(torch.ones(1, 6, 2), 3, [0])
    torch.testing.assert_close(centres, torch.ones(1, 3, 2))
    assert nearest(torch.ones(1, 6, 2), centres)[0].sum(0).tolist() == [6, 0, 0]


def test_distances():
    latents = blobs()
    torch.testing.assert_close(
        squared_distances(latents, CORNERS[None]), torch.cdist(latents, CORNERS[None]).square(), rtol=1e-3, atol=1e-3
    )
    assert nearest(latents, CORNERS[None])[0].argmax(-1).tolist() == [0, 1, 2] * 20
    assert sorted(pairwise(CORNERS[None])[0].tolist()) == [100.0, 100.0, 200.0]


def test_collapse_facts():
    facts = collapse_facts(CORNERS[None])
    assert facts["centroid distance min"].item() == 10
    assert facts["centroid distance mean"].item() == pytest.approx((20 + 200**0.5) / 3)
    assert collapse_facts(CORNERS[None, :1])["centroid distance min"].item() == 0
