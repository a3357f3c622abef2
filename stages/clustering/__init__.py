"""Recovering who did what: each method divides the episodes of a dataset among clusters."""

from stages.registry import Registry

CLUSTERING = Registry(
    "clustering method",
    __name__,
    [
        "caae",
        "dcpl",
        "dec",
        "em",
        "embedding_gmm",
        "embedding_kmeans",
        "evidence",
        "kausik",
        "pg_kmeans",
        "return_kmeans",
        "sorl",
        "summary_gmm",
        "summary_kmeans",
        "vae_kmeans",
        "vq_vae",
    ],
)
