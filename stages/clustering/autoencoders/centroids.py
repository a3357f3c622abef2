"""Centroids among latents: K-means, distances to them, and how far they keep from each other."""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from stages.seeding import Seeds, generator

Latents = Float[Tensor, "seeds batch latent"]
Centroids = Float[Tensor, "seeds clusters latent"]


def k_means(latents: Latents, num_clusters: int, seeds: Seeds, num_starts: int = 10) -> Centroids:
    """Centres of K-means on each seed's latents, the best of `num_starts` starts (k-means++)."""
    from sklearn.cluster import KMeans  # loaded here: it takes a second, and planning has no use for it

    centres = []
    for seed, points in zip(seeds, latents.cpu().double().numpy(), strict=True):
        state = int(generator(seed, "k-means").integers(2**31))
        # Fewer distinct latents than clusters, which scikit-learn warns of: a collapse that the metrics show.
        distinct = min(num_clusters, len(np.unique(points, axis=0)))
        found = KMeans(distinct, n_init=num_starts, random_state=state).fit(points).cluster_centers_
        centres.append(np.resize(found, (num_clusters, points.shape[1])))
    return torch.from_numpy(np.stack(centres)).to(latents)


def squared_distances(latents: Latents, centroids: Centroids) -> Float[Tensor, "seeds batch clusters"]:
    """``||z - mu_j||^2``."""
    return torch.stack([(latents - centroid).square().sum(-1) for centroid in centroids.split(1, dim=1)], dim=-1)


def nearest(latents: Latents, centroids: Centroids) -> Float[Tensor, "seeds batch clusters"]:
    """The nearest centroid of each latent, as responsibilities of 0 and 1."""
    index = squared_distances(latents, centroids).argmin(-1)
    return torch.nn.functional.one_hot(index, centroids.shape[1]).float()


def pairwise(centroids: Centroids) -> Float[Tensor, "seeds pairs"]:
    """``||mu_i - mu_j||^2`` of all pairs i < j; of a single centroid one 0."""
    count = centroids.shape[1]
    first, second = torch.triu_indices(count, count, min(count - 1, 1), device=centroids.device)
    return (centroids[:, first] - centroids[:, second]).square().sum(-1)


def collapse_facts(centroids: Centroids) -> dict[str, Float[Tensor, "seeds"]]:
    """Smallest and mean distance between two centroids, to be watched over training: near 0 they have collapsed."""
    distances = pairwise(centroids.detach()).sqrt()
    return {"centroid distance min": distances.amin(-1), "centroid distance mean": distances.mean(-1)}
