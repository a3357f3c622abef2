"""Observations of many hundreds of numbers, such as embeddings of pictures: projected to fewer, or a question.

Methods that compare linear policies need the cube of the observations' size in time and its square in memory for each
episode: 40 episodes of 512 numbers take half a minute, of 2,048 more than ten. A random projection to a hundred keeps
distances and linear relations of such data nearly as they are, since they lie close to far fewer dimensions.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.formats.report import Report
from stages.seeding import generator

WIDEST, SUGGESTED = 512, 128
ROWS = 16_384


def projected(dataset: EpisodeDataset, project_to: int | None, report: Report) -> EpisodeDataset:
    """The dataset with observations of `project_to` numbers; as it is with 0, or None if they are not too many.

    Each column counts by its own spread, so units do not matter. The projection depends on the two sizes alone.

    Raises:
        UserError: There are too many numbers and nothing is said about it, or fewer than `project_to`.
    """
    width = dataset.observations.shape[1]
    if project_to is None:
        if width > WIDEST and not dataset.environment:
            cause = f"{width:,} numbers per row, with more than {WIDEST} clustering takes very long"
            remedy = f"Use the setting project_to: {SUGGESTED} for random projections, or 0 to keep them all"
            report.error("wide", cause, "observations", remedy)
            report.refuse()
        return dataset
    if project_to == 0:
        return dataset
    if project_to >= width or dataset.environment:
        cause = f"{width:,} numbers per row cannot become {project_to:,}"
        if dataset.environment:
            cause = f"agents would not know the observations of {dataset.environment} any more"
        report.error("wide", cause, "observations", "Leave out the setting project_to")
        report.refuse()
    report.note("wide", f"{width:,} numbers per row, randomly projected to {project_to:,}", "observations")
    mean, deviation = _moments(dataset.observations)
    mixing = generator(0, f"projection {width} to {project_to}").standard_normal((width, project_to))
    mixing = (mixing / np.sqrt(width) / np.where(deviation > 0, deviation, 1)[:, None]).astype(np.float32)
    shift = (mean.astype(np.float32) @ mixing).astype(np.float32)
    return replace(
        dataset,
        observations=dataset.observations @ mixing - shift,
        next_observations=dataset.next_observations @ mixing - shift,
    )


def _moments(
    values: Float[np.ndarray, "rows columns"],
) -> tuple[Float[np.ndarray, "columns"], Float[np.ndarray, "columns"]]:
    """Mean and standard deviation of each column, without a copy of all in float64."""
    starts = range(0, len(values), ROWS)
    mean = sum(values[start : start + ROWS].sum(axis=0, dtype=np.float64) for start in starts) / len(values)
    squares = sum(np.square(values[start : start + ROWS] - mean).sum(axis=0) for start in starts)
    return mean, np.sqrt(squares / len(values))
