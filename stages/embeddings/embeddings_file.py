"""A file of embeddings: the only place that knows the names of what is in it.

    embeddings                float32 [seeds, episodes, width]  the vector of each episode of the dataset
    training                  bool    [episodes]                the episodes that the embedding was fitted to
    embedder/..., steps/..., given/...                          the embedding itself, see `contract.load_embedder`
    metrics/<loss>/...        losses over training: steps, values

Facts (JSON): kind, seeds, settings, remarks, and what `load_embedder` needs.

Reading needs no torch: arrays are NumPy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float
from safetensors import safe_open

from stages.errors import UserError
from stages.made_files import REMAKE, json_object, reading

if TYPE_CHECKING:
    from stages.artifacts import Artifact
    from stages.datasets.episodes import EpisodeDataset
    from stages.embeddings.contract import Embedder
    from stages.registry import Choice

EMBEDDINGS, TRAINING = "embeddings", "training"


@dataclass(frozen=True)
class EmbeddingsFile:
    """The embeddings of a dataset's episodes, of a block of seeds.

    Attributes:
        embeddings: In units of the training episodes: mean 0, standard deviation 1.
        training: Which episodes the embedding was fitted to.
        facts: What the file says about them.
        place: Where it was read from, for messages.
    """

    embeddings: Float[np.ndarray, "seeds episodes width"]
    training: Bool[np.ndarray, "episodes"]
    facts: dict[str, Any]
    place: str = "embeddings"

    @classmethod
    def read(cls, path: Path | str) -> EmbeddingsFile:
        """The file at `path`.

        Raises:
            UserError: It is missing, damaged or without embeddings.
        """
        with reading(path), safe_open(path, "np") as file:
            facts = json_object((file.metadata() or {}).get("metadata", "{}"))
            arrays = {name: file.get_tensor(name) for name in (EMBEDDINGS, TRAINING) if name in file.keys()}
        if len(arrays) < 2 or not {"settings", "seeds"} <= facts.keys():
            raise UserError("holds no embeddings", place=str(path), remedy="Make it with stages.embed_trajectories")
        found, training = arrays[EMBEDDINGS], arrays[TRAINING]
        if found.ndim != 3 or found.shape[:2] != (len(facts["seeds"]), len(training)) or not np.isfinite(found).all():
            cause = f"is damaged (embeddings of shape {found.shape} for {len(training)} episodes, or not finite)"
            raise UserError(cause, place=str(path), remedy=REMAKE)
        return cls(found, training, facts, str(path))

    @staticmethod
    def contents(
        embedder: Embedder,
        choice: Choice,
        dataset: EpisodeDataset,
        training: Bool[np.ndarray, "episodes"],
        **facts: Any,
    ) -> Artifact:
        """What `read` reads: a fitted embedding with its vectors of all episodes of `dataset`."""
        import torch

        made = embedder.artifact(choice, **facts)
        made.tensors |= {EMBEDDINGS: embedder.embed(dataset), TRAINING: torch.from_numpy(training)}
        return made

    @property
    def seeds(self) -> list[int]:
        return list(self.facts["seeds"])

    @property
    def settings(self) -> dict[str, Any]:
        """The method's settings, its name under ``method``."""
        return dict(self.facts["settings"])

    @property
    def remarks(self) -> list[str]:
        """What the method said of its training, such as a collapsed latent."""
        return list(self.facts.get("remarks", []))

    def require_seeds(self, seeds: Sequence[int]) -> None:
        """Stop unless the embeddings are of these seeds.

        Raises:
            UserError: They are of others.
        """
        if self.seeds != list(seeds):
            cause = f"has embeddings of the seeds {self.seeds}, not {list(seeds)}"
            raise UserError(cause, place=self.place, remedy="Embed with the same --seeds")

    def require_episodes(self, num_episodes: int) -> None:
        """Stop unless the embeddings are of as many episodes.

        Raises:
            UserError: They are of others than those of the dataset.
        """
        if len(self.training) != num_episodes:
            raise UserError(
                f"has embeddings of {len(self.training)} episodes, the dataset has {num_episodes}",
                place=self.place,
                remedy="Give the dataset that was embedded",
            )
