"""What is in a dataset, behaviour by behaviour: a table and a picture."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool

from stages.datasets.episodes import EpisodeDataset
from stages.environments.normalised_score import normalised_score
from stages.plotting.dataset_contents import Recorded, contents
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.pictures import MOST_BEHAVIOURS, Picture, picture
from stages.reporting.published import published
from stages.reporting.tables import Table


def contents_table(results: DatasetResults) -> Table | None:
    """Episodes, lengths and returns of each behaviour, beside published ones; columns that say nothing are left out."""
    dataset = results.dataset
    if dataset is None:
        return None
    theirs = published(results).get("behaviours", {})
    rows = [_row(dataset, name, inside, theirs.get(name, {})) for name, inside in _behaviours(dataset)]
    used = [heading for heading in rows[0] if any(row[heading] for row in rows)]
    return Table(used, [[row[heading] or "–" for heading in used] for row in rows])


def contents_picture(results: DatasetResults) -> Picture | None:
    """Returns of all episodes by behaviour; where there are costs, against them."""
    dataset = results.dataset
    if dataset is None:
        return None
    *known, (_, everything) = _behaviours(dataset)
    if not known:
        known = [("all episodes", everything)]
    returns, costs = dataset.episode_returns, dataset.episode_costs
    recorded = [Recorded(name, returns[inside], None if costs is None else costs[inside]) for name, inside in known]
    against = "against their costs" if dataset.costs is not None else "and how often they occur"
    return picture(contents(recorded), f"{results.name}-contents", f"Returns of all episodes {against}, by behaviour")


def oracle_sentence(dataset: EpisodeDataset | None) -> str:
    """How well even the true policies tell the episodes apart, where the generator worked it out."""
    if dataset is None or "oracle_ceiling" not in dataset.attributes:
        return ""
    ceiling: dict[str, Any] = json.loads(dataset.attributes["oracle_ceiling"])
    return (
        f"Knowing the true policies, episodes can be told apart with NMI {ceiling['nmi']:.3f} and ARI "
        f"{ceiling['ari']:.3f}; {ceiling['ambiguous']:.1%} of them fit several policies equally well."
    )


def _behaviours(dataset: EpisodeDataset) -> Iterator[tuple[str, Bool[np.ndarray, "episodes"]]]:
    """Each known behaviour and which episodes are its, then all of them."""
    if dataset.behaviour_policy is not None and len(dataset.behaviour_policy_names) <= MOST_BEHAVIOURS:
        for index, name in enumerate(dataset.behaviour_policy_names):
            yield caption("behaviours", name), dataset.behaviour_policy == index
    yield "all", np.ones(dataset.num_episodes, dtype=bool)


def _row(
    dataset: EpisodeDataset, name: str, inside: Bool[np.ndarray, "episodes"], theirs: dict[str, Any]
) -> dict[str, str]:
    lengths, returns = dataset.episode_lengths[inside], dataset.episode_returns[inside]
    ended = dataset.terminations[dataset.episode_ends[inside] - 1]
    score = normalised_score(returns, dataset.environment)
    costs = dataset.episode_costs
    return {
        "behaviour": name,
        "episodes": f"{len(lengths):,}",
        "published episodes": _number(theirs.get("episodes"), 0),
        "steps": f"{lengths.sum():,}",
        "length": f"{lengths.mean():,.1f}",
        "published length": _number(theirs.get("length"), 2),
        "terminated": f"{ended.mean():.0%}",
        "return": f"{returns.mean():,.1f} ± {returns.std():,.1f}",
        "published return": _number(theirs.get("return"), 1),
        "D4RL score": "" if score is None else f"{score.mean():.1f} ± {score.std():.1f}",
        "cost": "" if costs is None else f"{costs[inside].mean():,.1f} ± {costs[inside].std():,.1f}",
    }


def _number(value: float | int | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
