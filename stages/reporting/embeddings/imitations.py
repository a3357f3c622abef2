"""How close imitators come to the levels that they are told: returns of rollouts, and likelihood of unseen actions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.evaluation.statistics import Interval, mean
from stages.reporting.embeddings.results import Embeddings, Imitation
from stages.reporting.kit.captions import caption
from stages.reporting.kit.metrics import seeds_interval, text_of
from stages.reporting.kit.tables import Table


def gaps(imitation: Imitation, wanted: Float[np.ndarray, "levels"]) -> Float[np.ndarray, "seeds levels"]:
    """``|R - R*| / |R*|`` of each seed and level; NaN where a level's R* is 0.

    Args:
        imitation: Its rollouts, whose mean return is R.
        wanted: R*, the mean return of each level's episodes.
    """
    found: np.ndarray = np.abs(imitation.returns.mean(axis=2) - wanted) / np.where(wanted == 0, np.nan, np.abs(wanted))
    return found


def gap_intervals(embeddings: Embeddings, dataset: EpisodeDataset | None, resamples: int) -> dict[str, Interval]:
    """The mean gap over levels of each imitator, over seeds; empty where levels are not known."""
    wanted = level_returns(dataset)
    return {
        name: seeds_interval(gaps(imitation, wanted).mean(axis=1), resamples, mean)
        for name, imitation in embeddings.imitations.items()
        if imitation.returns.shape[1] == len(wanted)
    }


def level_returns(dataset: EpisodeDataset | None) -> Float[np.ndarray, "levels"]:
    """The mean return of each level's episodes; none where they are not known."""
    if dataset is None or dataset.behaviour_policy is None:
        return np.zeros(0)
    levels, returns = dataset.behaviour_policy, dataset.episode_returns
    return np.array([returns[levels == level].mean() for level in range(int(levels.max()) + 1)])


def imitation_table(
    embeddings: Embeddings, dataset: EpisodeDataset | None, found: Mapping[str, Interval]
) -> Table | None:
    """A row for each imitator: the return at each level, the mean gap, what the right embedding is worth.

    Args:
        embeddings: Rollouts and likelihoods.
        dataset: Whose levels are imitated.
        found: The mean gaps.
    """
    if dataset is None or not found:
        return None
    wanted = level_returns(dataset)
    names = list(dataset.behaviour_policy_names) or [str(level) for level in range(len(wanted))]
    headings = [f"{name} ({value:,.0f})" for name, value in zip(names, wanted, strict=True)]
    rows = []
    for imitator, gap in found.items():
        returns = embeddings.imitations[imitator].returns.mean(axis=(0, 2))
        likelihood = embeddings.likelihoods.get(imitator)
        percent = Interval(*(100 * np.maximum(0, (gap.value, gap.low, gap.high))))  # no gap is less than none
        rows.append(
            {"imitator": caption("imitators", imitator)}
            | {heading: f"{value:,.0f}" for heading, value in zip(headings, returns, strict=True)}
            | {"gap, %": "" if np.isnan(gap.value) else text_of(percent)}
            | {"nats": "" if likelihood is None else f"{(likelihood.right - likelihood.wrong).mean():.2f}"}
        )
    return Table.of(rows)
