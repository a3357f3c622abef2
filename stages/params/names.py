"""Every name that params mention has to be that of something: recipes, agents, presets, stages."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from stages.errors import UserError
from stages.own_files import check_readable
from stages.params.grids import Values
from stages.params.schema import DatasetParams, Params
from stages.params.stages import BY_DATASET, ROWS, STAGES
from stages.settings import Keys, Sources, placed, unknown


def check_names(params: Params, recipes: Mapping[str, Sequence[str]], sources: Sources) -> None:
    """Look up all names.

    Args:
        params: The params.
        recipes: Names of the recipes of each stage that has some.
        sources: Contents of the params files.

    Raises:
        UserError: A name is unknown.
    """
    Names(params, recipes, sources).check()


class Names:
    """The names there are, see `check_names`."""

    def __init__(self, params: Params, recipes: Mapping[str, Sequence[str]], sources: Sources) -> None:
        self.params, self.recipes, self.sources = params, recipes, sources

    def check(self) -> None:
        """Look up the names in every part of the params."""
        for stage in self.recipes:
            for name, values in self.params.block(stage).items():
                self._recipe((stage, name, "like"), values.get("like"), stage)
                self._ingredients((stage, name), values, stage)
        for name, agent in self.params.agents.items():
            for part, stage in agent.names.items():
                self._recipe(("agents", name, part), getattr(agent, part), stage)
        self._grids()
        self._comparisons()
        for preset, blocks in self.params.presets.items():
            self._blocks(("presets", preset), blocks)
        for name, dataset in self.params.datasets.items():
            self._dataset(("datasets", name), dataset)

    def _grids(self) -> None:
        for stage, keys, grid in self.params.grids():
            self._recipe((*keys, "base"), grid.base, stage.name)
            for key, maker in grid.names.items():
                self._recipe((*keys, key), getattr(grid, key), maker)
            for kind, maker in stage.ingredients.items():
                for index, name in enumerate(grid.vary.get(kind, ())):
                    self._recipe((*keys, "vary", kind, index), name, maker)
            for index, name in enumerate(grid.datasets):
                self._known_dataset((*keys, "datasets", index), name)

    def _comparisons(self) -> None:
        for key, stage in ((key, row.name) for row in ROWS for key in row.compared):
            for dataset, compared in self.params.block(key).items():
                self._known_dataset((key, dataset), dataset)
                self._once((key, dataset), compared)
                for index, recipe in enumerate(compared):
                    self._recipe((key, dataset, index), recipe, stage)
        for dataset, agents in self.params.offline_comparison.items():
            self._known_dataset(("offline_comparison", dataset), dataset)
            self._agents(("offline_comparison", dataset), agents)

    def _dataset(self, keys: Keys, dataset: DatasetParams) -> None:
        if dataset.preset is not None and dataset.preset not in self.params.presets:
            raise unknown((*keys, "preset"), list(self.params.presets), self.sources, "preset")
        self._agents((*keys, "baselines"), dataset.baselines)
        self._agents((*keys, "agents"), dataset.agents)
        for key, stage in ((key, row.name) for row in ROWS for key in row.listed):
            self._once((*keys, key), dataset.listed(key))
            for index, recipe in enumerate(dataset.listed(key)):
                self._recipe((*keys, key, index), recipe, stage)
        for source in dataset.sources:
            self._source((*keys, "mix", "sources", source), keys[-1])
        self._blocks((*keys, "settings"), dataset.settings)
        for index, file in enumerate(dataset.import_.files if dataset.import_ else ()):
            if not file or not os.path.exists(file):
                place = placed((*keys, "import", "files", index), self.sources)
                remedy = "Correct the path, or fetch it with `dvc pull`"
                raise UserError(f"no file {file or repr(file)}", place=place, remedy=remedy)
            check_readable(file)

    def _once(self, keys: Keys, names: Sequence[str]) -> None:
        for index, name in enumerate(names):
            if name in names[:index]:
                place = placed((*keys, index), self.sources)
                raise UserError(f"{name} is there twice", place=place, remedy="Keep one of them")

    def _agents(self, keys: Keys, agents: Sequence[str]) -> None:
        self._once(keys, agents)
        for index, agent in enumerate(agents):
            if agent not in self.params.agents:
                raise unknown((*keys, index), list(self.params.agents), self.sources, "agent")

    def _known_dataset(self, keys: Keys, name: str) -> None:
        if name not in self.params.datasets:
            raise unknown(keys, list(self.params.datasets), self.sources, "dataset")

    def _source(self, keys: Keys, mixture: str | int) -> None:
        source = str(keys[-1])
        self._known_dataset(keys, source)
        if source == mixture or self.params.datasets[source].sources:
            place = placed(keys, self.sources)
            raise UserError("is itself a mixture", place=place, remedy="Mix datasets that are generated or imported")

    def _blocks(self, keys: Keys, blocks: Mapping[str, Values]) -> None:
        """What a preset or a dataset sets differently."""
        for stage, changes in blocks.items():
            if stage not in BY_DATASET:
                raise unknown((*keys, stage), BY_DATASET, self.sources, "stage")
            for recipe, values in changes.items() if stage in self.recipes else ():
                self._recipe((*keys, stage, recipe), recipe, stage)
                self._ingredients((*keys, stage, recipe), values, stage)

    def _ingredients(self, keys: Keys, values: Any, stage: str) -> None:
        if not isinstance(values, dict):
            raise UserError("should hold `key: value` lines", place=placed(keys, self.sources))
        for kind, maker in STAGES[stage].ingredients.items():
            self._recipe((*keys, kind), values.get(kind), maker)

    def _recipe(self, keys: Keys, name: str | None, stage: str) -> None:
        if name is not None and name not in self.recipes[stage]:
            raise unknown(keys, self.recipes[stage], self.sources, f"recipe of {stage}")
