"""Trajectory embeddings: each method makes one vector of an episode, without labels or rewards."""

from stages.registry import Registry

EMBEDDINGS = Registry(
    "trajectory embedding",
    __name__,
    [
        "behavioural_inr",
        "minirocket",
        "pooled_skills",
        "random_features",
        "summary",
        "true_level",
        "vte",
        "vte_mlp",
        "zbc",
    ],
)
