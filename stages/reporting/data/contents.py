"""What is in a dataset, behaviour by behaviour: a table and pictures."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float

from stages.datasets.episodes import EpisodeDataset
from stages.environments.normalised_score import normalised_score
from stages.plotting import style
from stages.plotting.behaviours import Behaviour, behaviours
from stages.plotting.dataset_contents import Recorded, contents
from stages.plotting.navigation_map import NavigationMap
from stages.reporting.data.published import PublishedData, Sizes, from_papers
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.kit.tables import Table

MOST_BEHAVIOURS = 12
MOST_EPISODES = 25  # per map


def contents_table(results: DatasetResults) -> Table | None:
    """Episodes, lengths and returns of each behaviour, beside published ones; columns that say nothing are left out."""
    dataset = results.of(Data).dataset
    if dataset is None:
        return None
    printed = from_papers(results, PublishedData).behaviours
    return Table.of([_row(dataset, name, inside, printed.get(name, Sizes())) for name, inside in _behaviours(dataset)])


def contents_picture(results: DatasetResults) -> Picture | None:
    """Returns of all episodes by behaviour; where there are costs, against them."""
    dataset = results.of(Data).dataset
    if dataset is None:
        return None
    *named, (_, everything) = _behaviours(dataset)
    returns, costs = dataset.episode_returns, dataset.episode_costs
    recorded = [
        Recorded(name, returns[inside], None if costs is None else costs[inside])
        for name, inside in named or [("all episodes", everything)]
    ]
    against = "against their costs" if dataset.costs is not None else "and how often they occur"
    return picture(contents(recorded), f"{results.name}-contents", f"Returns of all episodes {against}, by behaviour")


def behaviours_picture(results: DatasetResults, place: NavigationMap) -> Picture | None:
    """Episodes of each true behaviour over the map; None where there are too many to be told apart."""
    dataset = results.of(Data).dataset
    if dataset is None or dataset.behaviour_policy is None or len(dataset.behaviour_policy_names) > MOST_BEHAVIOURS:
        return None
    shown = []
    for index, name in enumerate(dataset.behaviour_policy_names):
        episodes = np.flatnonzero(dataset.behaviour_policy == index)
        if not len(episodes):
            continue
        mean_return, mean_length = dataset.episode_returns[episodes].mean(), dataset.episode_lengths[episodes].mean()
        note = f"return {style.number(mean_return)}, {style.number(mean_length)} steps"
        shown.append(Behaviour(name, note, padded_paths(dataset, episodes[:MOST_EPISODES])))
    alt = "Maps with episodes of " + "; ".join(f"{behaviour.title} ({behaviour.note})" for behaviour in shown)
    return picture(behaviours(shown, place), f"{results.name}-behaviours", alt)


def padded_paths(dataset: EpisodeDataset, episodes: np.ndarray) -> Float[np.ndarray, "episodes steps 2"]:
    """First two observation coordinates of the chosen episodes, padded with NaN."""
    length = int(dataset.episode_lengths[episodes].max(initial=1))
    paths = np.full((len(episodes), length, 2), np.nan)
    for row, episode in enumerate(episodes):
        steps = dataset.observations[dataset.episode_starts[episode] : dataset.episode_ends[episode], :2]
        paths[row, : len(steps)] = steps
    return paths


def _behaviours(dataset: EpisodeDataset) -> Iterator[tuple[str, Bool[np.ndarray, "episodes"]]]:
    """Each true behaviour and which episodes are its, then all of them."""
    if dataset.behaviour_policy is not None and len(dataset.behaviour_policy_names) <= MOST_BEHAVIOURS:
        for index, name in enumerate(dataset.behaviour_policy_names):
            yield caption("behaviours", name), dataset.behaviour_policy == index
    yield "all", np.ones(dataset.num_episodes, dtype=bool)


def _row(dataset: EpisodeDataset, name: str, inside: Bool[np.ndarray, "episodes"], printed: Sizes) -> dict[str, str]:
    lengths, returns = dataset.episode_lengths[inside], dataset.episode_returns[inside]
    ended = dataset.terminations[dataset.episode_ends[inside] - 1]
    score = normalised_score(returns, dataset.environment)
    costs = dataset.episode_costs
    return {
        "behaviour": name,
        "episodes": f"{len(lengths):,}",
        "published episodes": _number(printed.episodes, 0),
        "steps": f"{lengths.sum():,}",
        "length": f"{lengths.mean():,.1f}" if len(lengths) else "",
        "published length": _number(printed.length, 2),
        "terminated": f"{ended.mean():.0%}" if len(lengths) else "",
        "return": _spread(returns),
        "published return": _number(printed.returns, 1),
        "D4RL score": "" if score is None else _spread(score),
        "cost": "" if costs is None else _spread(costs[inside]),
    }


def _spread(values: Float[np.ndarray, "episodes"]) -> str:
    return f"{values.mean():,.1f} ± {values.std():,.1f}" if len(values) else ""


def _number(value: float | int | None, digits: int) -> str:
    return "" if value is None else f"{value:,.{digits}f}"
