"""The dataset itself."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from jaxtyping import Int

from stages.datasets.episodes import EpisodeDataset
from stages.formats.loading import load
from stages.made_files import json_object, reading
from stages.paths import Place
from stages.reporting.gathering import Source
from stages.reporting.kit.records import parsed


@dataclass(frozen=True)
class Ceiling:
    """How well the true policies themselves tell the episodes apart, ties drawn by lot or at their best."""

    nmi: float
    ari: float
    nmi_best_ties: float | None = None
    ambiguous: float = 0.0


@dataclass(frozen=True)
class Data:
    """The dataset; None where it was not given."""

    dataset: EpisodeDataset | None = None

    @property
    def environment(self) -> str:
        return "" if self.dataset is None else self.dataset.environment

    @property
    def true_labels(self) -> Int[np.ndarray, "episodes"] | None:
        return None if self.dataset is None else self.dataset.behaviour_policy

    @property
    def true_number(self) -> int | None:
        """Number of true policies with episodes, where they are known."""
        return None if self.true_labels is None else len(np.unique(self.true_labels))

    @cached_property
    def ceiling(self) -> Ceiling | None:
        """Scores of the true policies themselves, where the generator worked them out."""
        if self.dataset is None or "oracle_ceiling" not in self.dataset.attributes:
            return None
        place = Path("oracle_ceiling")
        with reading(place, "no ceiling"):
            values = json_object(self.dataset.attributes["oracle_ceiling"])
        return parsed(Ceiling, values, place, "no ceiling")


# A file of one's own may lie anywhere.
SOURCES = (Source(Data, "dataset", (Place("data/{dataset}.hdf5"),), load),)
