"""An embedding as what other stages ask for: the vectors of any episodes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Float

from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.contract import Embedder, load_embedder
from stages.embeddings.embeddings_file import EmbeddingsFile
from stages.seeding import Seeds


@dataclass(frozen=True)
class EmbeddedEpisodes:
    """Called with episodes, it gives their vectors: of the embedded dataset those in the file, of others new ones.

    Attributes:
        dataset: The dataset that was embedded.
        file: Its vectors.
    """

    dataset: EpisodeDataset
    file: EmbeddingsFile

    @classmethod
    def read(cls, path: Path | str, dataset: EpisodeDataset, seeds: Seeds) -> EmbeddedEpisodes:
        """The file at `path`, which has to be about `dataset` and these seeds.

        Raises:
            UserError: It is missing, damaged, without embeddings, or about other episodes or seeds.
        """
        file = EmbeddingsFile.read(path)
        file.require_episodes(dataset.num_episodes)
        file.require_seeds(seeds)
        return cls(dataset, file)

    @cached_property
    def embedder(self) -> Embedder:
        """The embedding itself, taken up when unseen episodes come."""
        return load_embedder(Artifact.load(self.file.place))

    def __call__(self, dataset: EpisodeDataset) -> Float[np.ndarray, "seeds episodes width"]:
        if dataset is self.dataset:
            return self.file.embeddings.astype(np.float64)
        vectors: np.ndarray = self.embedder.embed(dataset).double().numpy()
        return vectors
