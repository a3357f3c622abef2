"""What every job depends on besides its input files, all of it checked before the first job starts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache, cached_property

from stages.algorithms import ALGORITHMS
from stages.environments import ENVIRONMENTS
from stages.errors import UserError
from stages.params.derived import studies
from stages.params.grids import ImprovementGrid, Values
from stages.params.jobs import Resolved, resolve
from stages.params.layers import Layer, Layers, Recipe
from stages.params.names import check_names
from stages.params.schema import AgentParams, Params
from stages.params.stages import BY_DATASET, FOR_ALL, STAGES
from stages.settings import Keys, Sources, placed, unknown


class Recipes:
    """Resolves the settings of all jobs; everything is checked at once.

    Raises:
        UserError: Something in the params is unknown, missing or out of range.
    """

    def __init__(self, params: Params, sources: Sources) -> None:
        self.params, self.sources = params, sources
        self._layers = Layers(params, sources)
        self.job = cache(self._job)
        check_names(params, {stage: list(recipes) for stage, recipes in self.recipes.items()}, sources)
        for stage in FOR_ALL:
            for name in self.recipes.get(stage, [None]):
                self.job(stage, None, name)
        for dataset, entry in params.datasets.items():
            self.job(entry.origin[0], dataset)
            self._check_environment(dataset)
            for stage in BY_DATASET:
                for name in self.recipes.get(stage, [None]):
                    self.job(stage, dataset, name)
            for agent in [*entry.evaluated, *params.offline_comparison.get(dataset, ())]:
                self._check_policies(dataset, agent)
            self._check_estimates(dataset)

    @property
    def recipes(self) -> dict[str, dict[str, Recipe]]:
        """The recipes of each stage that has some, those of grids included."""
        return self._layers.recipes

    @cached_property
    def agents(self) -> dict[str, AgentParams]:
        """All agents, those of grids included."""
        grids = [grid for _, _, grid in self.params.grids() if isinstance(grid, ImprovementGrid)]
        varied = {
            name: AgentParams(clusters=grid.clusters, improvement=name) for grid in grids for name in grid.recipes
        }
        return {**self.params.agents, **varied}

    def table(self) -> dict[str, Values]:
        """Settings by dataset, stage and, where the stage has recipes, recipe."""
        found: dict[str, Values] = {}
        for dataset, entry in self.params.datasets.items():
            found[dataset] = {entry.origin[0]: self.job(entry.origin[0], dataset).settings}
            for stage in BY_DATASET:
                jobs = {name: self.job(stage, dataset, name) for name in self.recipes.get(stage, [None])}
                settings = {name: job.settings | job.ingredients for name, job in jobs.items()}
                found[dataset][stage] = settings.get(None, settings)
        return found

    def ingredients(self, stage: str, dataset: str, recipe: str) -> dict[str, str]:
        """What a job needs besides the dataset: by kind, the recipe of the stage that makes it."""
        return self.job(stage, dataset, recipe).ingredients

    def varied(self, grid: str) -> list[str]:
        """Names of the recipes of a grid."""
        return [name for _, keys, found in self.params.grids() if keys == (grid,) for name in found.recipes]

    def varied_on(self, grid: str) -> list[str]:
        """Datasets of a grid."""
        return [name for _, keys, found in self.params.grids() if keys == (grid,) for name in found.datasets]

    def clusterings(self, dataset: str) -> list[str]:
        """Clustering recipes that `dataset` is run with by default."""
        return list(dict.fromkeys([*self.followed(dataset), *self.params.datasets[dataset].listed("clusterings")]))

    def followed(self, dataset: str) -> list[str]:
        """Those of them that agents of `dataset` follow."""
        return self.clusterings_of(self.params.datasets[dataset].evaluated)

    def clusterings_of(self, agents: Iterable[str]) -> list[str]:
        """Clustering recipes that some agents follow."""
        used = [self.agents[agent].clusters for agent in agents]
        return list(dict.fromkeys(name for name in used if name is not None))

    def studies(self, dataset: str) -> dict[str, dict[str, Values]]:
        """The safe studies on a dataset: what each of their recipes varies."""
        return studies(self, dataset)

    def num_clusters(self, dataset: str, clustering: str) -> int | None:
        """Clusters that a recipe makes of `dataset`; None if it finds out itself."""
        found: int | None = self.job("cluster_trajectories", dataset, clustering).settings["num_clusters"]
        return found

    def family(self, environment: str) -> list[str]:
        """Datasets of one environment."""
        return [name for name in self.params.datasets if self.environment(name) == environment]

    def environment(self, dataset: str) -> str | None:
        """Name of a dataset's environment, if the params tell it."""
        entry = self.params.datasets[dataset]
        while entry.sources:
            entry = self.params.datasets[entry.sources[0]]
        return entry.environment

    def memoryless(self, dataset: str, agent: str) -> bool:
        """Whether an agent acts on the present observation alone."""
        recipe = self.agents[agent].offline
        if recipe is None:
            return True
        method = self.job("train_offline", dataset, recipe).settings["method"]
        return bool(ALGORITHMS.entry(method).memoryless)

    def actors(self, dataset: str) -> list[str]:
        """Files of trained behaviours that a generator records."""
        return [file for key, file in self.job("generate_dataset", dataset).settings.items() if key == "actors"]

    def _job(self, stage: str, dataset: str | None = None, recipe: str | None = None) -> Resolved:
        """What `stage` does with `dataset` (or all of them), by `recipe` where the stage has recipes."""
        row = STAGES[stage]
        layers = self._layers.of(row, dataset, recipe)
        if derived := row.derived(self, dataset, recipe):
            layers.append(Layer((stage,), derived))
        found = resolve(row, layers, self.sources)
        further = row.modules(self, dataset, recipe, found.settings)
        return replace(found, modules=(*found.modules, *further))

    def _check_environment(self, dataset: str) -> None:
        entry, environment = self.params.datasets[dataset], self.environment(dataset)
        keys: Keys = ("datasets", dataset, entry.origin[1], "environment")
        if environment and environment not in ENVIRONMENTS.names():
            raise unknown(keys, ENVIRONMENTS.names(), self.sources, ENVIRONMENTS.kind)
        if not environment and self.params.offline_comparison.get(dataset):
            raise UserError("missing, so agents cannot be evaluated", place=placed(keys, self.sources))

    def _check_estimates(self, dataset: str) -> None:
        """Without an environment returns are estimated, which policies of whole episodes do not allow."""
        entry = self.params.datasets[dataset]
        named = [(key, *found) for key in ("baselines", "agents") for found in enumerate(getattr(entry, key))]
        for key, index, agent in [] if self.environment(dataset) else named:
            if not self.memoryless(dataset, agent):
                raise UserError(
                    f"{agent} acts on its episode so far: without an environment its returns cannot be estimated",
                    place=placed(("datasets", dataset, key, index), self.sources),
                    remedy="Name the dataset's environment, or leave the agent out",
                )

    def _check_policies(self, dataset: str, agent: str) -> None:
        """An agent acts by its clusters' policies, which most methods fit only if asked to."""
        clusters = self.agents[agent].clusters
        if clusters is None or self.agents[agent].follow == "best_cluster":
            return
        settings = self.job("cluster_trajectories", dataset, clusters).settings
        if settings["method"] != "em" and settings["refit_epochs"] == 0:
            raise UserError(
                f"the clusters {clusters!r} have no policies",
                place=placed(("agents", agent, "clusters"), self.sources),
                remedy="Give that recipe some refit_epochs",
            )
