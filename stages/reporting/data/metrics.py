"""Numbers of a dataset and of each of its true behaviours."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from stages.reporting.data.results import Data
from stages.reporting.kit.metrics import rounded


@dataclass(frozen=True)
class BehaviourMetrics:
    """Episodes, their mean return and mean length in steps."""

    episodes: int
    return_mean: float
    length_mean: float


@dataclass(frozen=True)
class DataMetrics:
    """By true behaviour, and under ``all`` the whole dataset; empty without it."""

    behaviours: dict[str, BehaviourMetrics] = field(default_factory=dict)

    @property
    def named(self) -> dict[str, BehaviourMetrics]:
        """The true behaviours alone."""
        return {name: behaviour for name, behaviour in self.behaviours.items() if name != "all"}


def data_metrics(data: Data) -> DataMetrics:
    """Of all behaviours that have episodes."""
    dataset = data.dataset
    if dataset is None:
        return DataMetrics()
    groups = {"all": np.ones(dataset.num_episodes, dtype=bool)}
    if dataset.behaviour_policy is not None:
        names = dataset.behaviour_policy_names or tuple(map(str, range(int(dataset.behaviour_policy.max()) + 1)))
        groups |= {name: dataset.behaviour_policy == index for index, name in enumerate(names)}
    return rounded(
        DataMetrics(
            {
                name: BehaviourMetrics(
                    int(inside.sum()),
                    dataset.episode_returns[inside].mean(),
                    dataset.episode_lengths[inside].mean(),
                )
                for name, inside in groups.items()
                if inside.any()
            }
        )
    )
