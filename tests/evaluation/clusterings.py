"""Clusters files of made-up labels."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from stages.artifacts import Artifact


def save_clusters(
    path: Path, labels: np.ndarray, num_clusters: int, certainty: list[dict[str, Any]] | None = None, **details: Any
) -> str:
    """Write the labels of seeds 5, 6 ... as `stages.cluster_trajectories` would."""
    seeds = list(range(5, 5 + len(labels)))
    tensors = {
        "labels": torch.from_numpy(labels),
        "responsibilities": torch.nn.functional.one_hot(torch.from_numpy(labels), num_clusters).float(),
        "history/labels": torch.zeros((0, *labels.shape), dtype=torch.int16),
        "history/score": torch.tensor([[-3.0], [-2.0], [torch.nan]], dtype=torch.float64).repeat(1, len(seeds)),
        **{f"details/{name}": torch.from_numpy(values) for name, values in details.items()},
    }
    metadata = {
        "kind": "clusters",
        "seeds": seeds,
        "num_clusters": num_clusters,
        "score": "log-likelihood per step",
        "converged": [True] * len(seeds),
        "settings": {"method": "em", "num_clusters": num_clusters},
    }
    if certainty is not None:
        metadata["certainty"] = certainty
    Artifact(tensors, metadata).save(path)
    return str(path)
