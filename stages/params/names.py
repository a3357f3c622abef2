"""Every name that params mention has to be that of something: recipes, agents, presets, stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from stages.errors import UserError
from stages.params.schema import DatasetParams, Params, Values
from stages.settings import Keys, Sources, placed, unknown

RECIPES = ("cluster_trajectories", "improve_clusters", "train_offline", "partition_trajectories", "train_safe")
STAGES = (*RECIPES, "train_critics", "train_high_level", "evaluate", "bound", "evaluate_safe")
FINAL_STAGES = ("summarise", "report", "diagnose_clusters")
GRIDS = {
    "ablation": "cluster_trajectories",
    "k_sensitivity": "cluster_trajectories",
    "figure4": "improve_clusters",
}
COMPARISONS = {"comparison": "cluster_trajectories", "safe_comparison": "train_safe"}


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
        for stage in RECIPES:
            for name, values in getattr(self.params, stage).items():
                self._recipe((stage, name, "like"), values.get("like"), stage)
        for name, values in self.params.train_safe.items():
            self._recipe(("train_safe", name, "partition"), values.get("partition"), "partition_trajectories")
            self._recipe(("train_safe", name, "clusters"), values.get("clusters"), "cluster_trajectories")
        for agent, entry in self.params.agents.items():
            self._recipe(("agents", agent, "offline"), entry.offline, "train_offline")
            self._recipe(("agents", agent, "clusters"), entry.clusters, "cluster_trajectories")
            self._recipe(("agents", agent, "improvement"), entry.improvement, "improve_clusters")
        self._grids()
        for preset, blocks in self.params.presets.items():
            self._blocks(("presets", preset), blocks)
        for name, dataset in self.params.datasets.items():
            self._dataset(("datasets", name), dataset)

    def _grids(self) -> None:
        for key, stage in GRIDS.items():
            if grid := getattr(self.params, key):
                self._recipe((key, "base"), grid.base, stage)
                for index, name in enumerate(grid.datasets):
                    self._known_dataset((key, "datasets", index), name)
        if figure4 := self.params.figure4:
            self._recipe(("figure4", "clusters"), figure4.clusters, "cluster_trajectories")
        for study, safe_grid in self.params.safe_studies.items():
            self._recipe(("safe_studies", study, "base"), safe_grid.base, "train_safe")
            for index, name in enumerate(safe_grid.datasets):
                self._known_dataset(("safe_studies", study, "datasets", index), name)
        for key, stage in COMPARISONS.items():
            for name, compared in getattr(self.params, key).items():
                self._known_dataset((key, name), name)
                for index, recipe in enumerate(compared):
                    self._recipe((key, name, index), recipe, stage)

    def _dataset(self, keys: Keys, dataset: DatasetParams) -> None:
        if dataset.preset is not None and dataset.preset not in self.params.presets:
            raise unknown((*keys, "preset"), list(self.params.presets), self.sources, "preset")
        for index, agent in enumerate(dataset.agents):
            if agent not in self.params.agents:
                raise unknown((*keys, "agents", index), list(self.params.agents), self.sources, "agent")
        for index, recipe in enumerate(dataset.clusterings):
            self._recipe((*keys, "clusterings", index), recipe, "cluster_trajectories")
        for index, recipe in enumerate(dataset.safe):
            self._recipe((*keys, "safe", index), recipe, "train_safe")
        for source in dataset.sources:
            self._source((*keys, "mix", "sources", source), keys[-1])
        self._blocks((*keys, "settings"), dataset.settings)
        for index, file in enumerate(dataset.import_.files if dataset.import_ else ()):
            if not Path(file).is_file():
                place = placed((*keys, "import", "files", index), self.sources)
                raise UserError(f"no file {file}", place=place, remedy="Correct the path, or fetch it with `dvc pull`")

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
        for stage, values in blocks.items():
            if stage not in STAGES:
                raise unknown((*keys, stage), STAGES, self.sources, "stage")
            for recipe in values if stage in RECIPES else ():
                self._recipe((*keys, stage, recipe), recipe, stage)

    def _recipe(self, keys: Keys, name: str | None, stage: str) -> None:
        if name is not None and name not in self.recipes[stage]:
            raise unknown(keys, self.recipes[stage], self.sources, f"recipe of {stage}")
