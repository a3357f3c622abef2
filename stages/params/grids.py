"""Grids: a recipe with every combination of some of its settings, each a recipe with a name of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any, ClassVar

from pydantic import Field

from stages.settings import Settings

Values = dict[str, Any]


class Grid(Settings):
    """A recipe with every combination of some of its settings."""

    names: ClassVar[dict[str, str]] = {}
    """Further keys that name a recipe, and the stages that it is a recipe of."""

    base: str = Field(description="the recipe that is varied")
    datasets: list[str] = Field([], description="datasets to do it on")
    vary: dict[str, list[Any]] = Field(min_length=1, description="setting: values to try")

    @property
    def recipes(self) -> dict[str, Values]:
        """The varied recipes by name, such as ``em-momentum=0.9-bias_epochs=3``."""
        return {_name(self.base, varied): {"like": self.base, **varied} for varied in _combinations(self.vary)}


class ImprovementGrid(Grid):
    """A grid of improvement recipes on the clusters of one recipe."""

    names: ClassVar[dict[str, str]] = {"clusters": "cluster_trajectories"}

    clusters: str = Field(description="recipe of cluster_trajectories whose clusters are improved")


class SafeGrid(Grid):
    """A grid of safe recipes, over settings of the method, of its partition, or both."""

    vary: dict[str, list[Any]] = Field({}, description="setting of the method: values to try")
    vary_partition: dict[str, list[Any]] = Field({}, description="setting of its partition: values to try")

    @property
    def recipes(self) -> dict[str, Values]:
        """The varied recipes by name; where the partition varies, it is the recipe of the same name."""
        return {
            name: {"like": self.base, **varied, **({"partition": name} if partition else {})}
            for name, (varied, partition) in self.varied.items()
        }

    @property
    def partitions(self) -> dict[str, Values]:
        """What is set differently in the partitions, by name, where they vary."""
        return {name: partition for name, (_, partition) in self.varied.items() if partition}

    @property
    def varied(self) -> dict[str, tuple[Values, Values]]:
        """Settings of the method and of its partition, by the name of the varied recipe."""
        pairs = product(_combinations(self.vary), _combinations(self.vary_partition))
        return {_name(self.base, {**varied, **partition}): (varied, partition) for varied, partition in pairs}


def _combinations(vary: Mapping[str, Sequence[Any]]) -> list[Values]:
    return [dict(zip(vary, values, strict=True)) for values in product(*vary.values())]


def _name(base: str, varied: Values) -> str:
    return "-".join([base, *(f"{key}={'null' if value is None else value}" for key, value in varied.items())])
