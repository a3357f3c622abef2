"""What `snakemake embeddings` makes of a dataset: scores of every probe, and where episodes lie."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int

from stages.embeddings.embeddings_file import EmbeddingsFile
from stages.evaluation.latent_rows import LatentRow
from stages.made_files import read_object, reading
from stages.paths import EMBEDDINGS, IMITATION, IMITATOR, LATENTS, PROBES
from stages.reporting.gathering import Source, by_name
from stages.reporting.kit.blocks import join_blocks
from stages.reporting.kit.records import parsed, read_rows
from stages.reporting.kit.tensors import TensorFile


@dataclass(frozen=True)
class Probed:
    """All probes of one embedding.

    Attributes:
        seeds: The seeds.
        method: The embedding's method.
        scores: Every probe's score by its name, ``<view>: <score>``; NaN where there was nothing to judge.
        remarks: What the method said of its training.
    """

    seeds: Int[np.ndarray, "seeds"]
    method: str
    scores: dict[str, Float[np.ndarray, "seeds"]]
    remarks: list[str]


@dataclass(frozen=True)
class Embedded:
    """Where the embedding of one seed puts the episodes."""

    seed: int
    vectors: Float[np.ndarray, "episodes width"]


@dataclass(frozen=True)
class Imitation:
    """Rollouts of an imitator that is told embeddings of one level."""

    seeds: Int[np.ndarray, "seeds"]
    returns: Float[np.ndarray, "seeds levels rollouts"]


@dataclass(frozen=True)
class Likelihood:
    """Mean log-likelihood of an unseen action, nats: told its episode's embedding, or one of another level."""

    seeds: Int[np.ndarray, "seeds"]
    right: Float[np.ndarray, "seeds"]
    wrong: Float[np.ndarray, "seeds"]


@dataclass(frozen=True)
class Embeddings:
    """The embeddings of a dataset and their imitators, by recipe."""

    probed: dict[str, Probed] = field(default_factory=dict)
    embedded: dict[str, Embedded] = field(default_factory=dict)
    imitations: dict[str, Imitation] = field(default_factory=dict)
    likelihoods: dict[str, Likelihood] = field(default_factory=dict)
    latents: dict[str, list[LatentRow]] = field(default_factory=dict)


@dataclass(frozen=True)
class _Record:
    """What a file of probes holds."""

    seeds: list[int]
    method: str
    scores: dict[str, list[float | None]]
    remarks: list[str]


def read_probes(path: Path) -> Probed:
    """The scores in one file.

    Raises:
        UserError: They are not there, or not one per seed.
    """
    record = parsed(_Record, read_object(path), path, "no probes")
    with reading(path, "no probes"):
        if odd := [name for name, scores in record.scores.items() if len(scores) != len(record.seeds)]:
            raise ValueError(f"{odd[0]}: not a score per seed")
    scores = {name: np.array(values, dtype=np.float64) for name, values in record.scores.items()}
    return Probed(np.array(record.seeds, dtype=np.int64), record.method, scores, record.remarks)


def _joined(blocks: Sequence[Probed]) -> Probed:
    """Blocks of seeds as one, sorted by seed, with the probes that all of them have."""
    seeds = np.concatenate([block.seeds for block in blocks])
    order = np.argsort(seeds, kind="stable")
    shared = [name for name in blocks[0].scores if all(name in block.scores for block in blocks)]
    scores = {name: np.concatenate([block.scores[name] for block in blocks])[order] for name in shared}
    remarks = list(dict.fromkeys(remark for block in blocks for remark in block.remarks))
    return Probed(seeds[order], blocks[0].method, scores, remarks)


def _read_embedded(path: Path) -> Embedded:
    file = EmbeddingsFile.read(path)
    return Embedded(file.seeds[0], file.embeddings[0])


def _first(blocks: Sequence[Embedded]) -> Embedded:
    return min(blocks, key=lambda block: block.seed)


def _read_imitation(path: Path) -> Imitation:
    with reading(path, "no rollouts of an imitator"), np.load(path, allow_pickle=False) as arrays:
        return Imitation(arrays["seeds"], arrays["cluster_returns"])


def _read_likelihood(path: Path) -> Likelihood:
    file = TensorFile(path, only="likelihood/", needed=("likelihood/right", "likelihood/wrong"))
    with reading(path, "no imitator"):
        return Likelihood(np.array(file.metadata["seeds"]), *(file.arrays[f"likelihood/{kind}"] for kind in KINDS))


def _all_rows(blocks: Iterable[Sequence[LatentRow]]) -> list[LatentRow]:
    return list(chain.from_iterable(blocks))


KINDS = ("right", "wrong")
SOURCES = (
    Source(Embeddings, "probed", (PROBES,), read_probes, by_name("embedding", _joined)),
    Source(Embeddings, "embedded", (EMBEDDINGS,), _read_embedded, by_name("embedding", _first)),
    Source(Embeddings, "imitations", (IMITATION,), _read_imitation, by_name("imitator", join_blocks)),
    Source(Embeddings, "likelihoods", (IMITATOR,), _read_likelihood, by_name("imitator", join_blocks)),
    Source(Embeddings, "latents", (LATENTS,), partial(read_rows, kind=LatentRow), by_name("imitator", _all_rows)),
)
