"""The settings of each job, from recipes, presets and datasets.

    the recipe that it is `like`  <  the recipe's own  <  the dataset's preset  <  the dataset's own `settings`

Later ones win. A stage without recipes has the last three, a stage that takes all datasets just its own. Values are
checked by the class that the stage or the registered method declares, so what a job is given is complete and valid
before the first job starts.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from typing import Literal

from pydantic import ValidationError

from stages.environments import ENVIRONMENTS
from stages.errors import UserError
from stages.formats import FORMATS
from stages.online import LEARNERS
from stages.params.names import FINAL_STAGES, GRIDS, RECIPES, STAGES, check_names
from stages.params.schema import AgentParams, Grid, Params, Values, overlaid
from stages.params.stages import METHODS, SETTINGS
from stages.params.studies import INGREDIENTS, ingredient, studies, study_recipes
from stages.provenance import code_hash
from stages.safety import SAFETY
from stages.settings import Keys, Settings, Sources, placed, refused, unknown


@dataclass(frozen=True)
class Layer:
    """Values, and the keys they were written under."""

    keys: Keys
    values: Values


@dataclass(frozen=True)
class Resolved:
    """Everything besides its input files that one job's output depends on."""

    stage: str
    settings: Values
    modules: tuple[str, ...] = ()

    @property
    def json(self) -> str:
        """The settings, written in one way: equal settings give equal text."""
        return json.dumps(self.settings, sort_keys=True)

    @property
    def code(self) -> str:
        """Hash of the stage's code and of the registered methods it uses."""
        return code_hash(f"stages.{self.stage}", *self.modules)


class Recipes:
    """Resolves the settings of all jobs; everything is checked at once.

    Raises:
        UserError: Something in the params is unknown, missing or out of range.
    """

    def __init__(self, params: Params, sources: Sources) -> None:
        self.params, self.sources = params, sources
        self.job = cache(self._job)
        check_names(params, {stage: list(self.recipes[stage]) for stage in RECIPES}, sources)
        for stage in FINAL_STAGES:
            self.job(stage)
        for name in params.train_behaviours:
            self.job("train_behaviours", None, name)
        for dataset, entry in params.datasets.items():
            self.job(entry.origin[0], dataset)
            for stage in STAGES:
                for name in self.recipes.get(stage, [None]):
                    self.job(stage, dataset, name)
            for agent in entry.agents:
                self._check_policies(dataset, agent)
        for name in self.recipes["train_safe"]:
            self.ingredient(name)

    @cached_property
    def recipes(self) -> dict[str, dict[str, Layer]]:
        """The recipes of each stage that has some, those of grids included."""
        named = {
            stage: {name: Layer((stage, name), values) for name, values in getattr(self.params, stage).items()}
            for stage in RECIPES
        }
        for key, stage in GRIDS.items():
            if grid := getattr(self.params, key):
                named[stage] |= {name: Layer((key, "vary"), values) for name, values in grid.recipes.items()}
        for stage, varied in study_recipes(self.params).items():
            named[stage] |= {name: Layer(keys, values) for name, (keys, values) in varied.items()}
        return named

    @cached_property
    def agents(self) -> dict[str, AgentParams]:
        """All agents, those of grids included."""
        grid = self.params.figure4
        varied = {name: AgentParams(clusters=grid.clusters, improvement=name) for name in grid.recipes} if grid else {}
        return {**self.params.agents, **varied}

    def table(self) -> dict[str, Values]:
        """Settings by dataset, stage and, where the stage has recipes, recipe."""
        found: dict[str, Values] = {}
        for dataset, entry in self.params.datasets.items():
            blocks = {
                stage: self.job(stage, dataset).settings for stage in (entry.origin[0], *STAGES) if stage not in RECIPES
            }
            named = {
                stage: {name: self.job(stage, dataset, name).settings for name in self.recipes[stage]}
                for stage in RECIPES
            }
            found[dataset] = blocks | named
        return found

    def varied(self, grid: Literal["ablation", "k_sensitivity", "figure4"]) -> list[str]:
        """Names of the recipes of a grid."""
        found: Grid | None = getattr(self.params, grid)
        return list(found.recipes) if found else []

    def varied_on(self, grid: Literal["ablation", "k_sensitivity", "figure4"]) -> list[str]:
        """Datasets of a grid."""
        found: Grid | None = getattr(self.params, grid)
        return found.datasets if found else []

    def clusterings(self, dataset: str) -> list[str]:
        """Clustering recipes that `dataset` is run with by default."""
        entry = self.params.datasets[dataset]
        used = [self.agents[agent].clusters for agent in entry.agents]
        return list(dict.fromkeys(name for name in [*used, *entry.clusterings] if name is not None))

    def ingredient(self, safe: str) -> tuple[str, str] | None:
        """The kind of file that a safe recipe needs besides the dataset, and the recipe that makes it."""
        values = {name: layer.values for name, layer in self.recipes["train_safe"].items()}
        return ingredient(values, safe, self.sources)

    def studies(self, dataset: str) -> dict[str, dict[str, Values]]:
        """The safe studies on a dataset: what each of their recipes varies."""
        return studies(self.params, dataset, lambda stage, recipe: self.job(stage, dataset, recipe).settings)

    def num_clusters(self, dataset: str, clustering: str) -> int | None:
        """Clusters that a recipe makes of `dataset`; None if it finds out itself."""
        return self.job("cluster_trajectories", dataset, clustering).settings["num_clusters"]

    def family(self, environment: str) -> list[str]:
        """Datasets of one environment."""
        return [name for name in self.params.datasets if self.environment(name) == environment]

    def environment(self, dataset: str) -> str | None:
        """Name of a dataset's environment, if the params tell it."""
        entry = self.params.datasets[dataset]
        while entry.sources:
            entry = self.params.datasets[entry.sources[0]]
        return entry.environment

    def actors(self, dataset: str) -> list[str]:
        """Files of trained behaviours that a generator records."""
        return [file for key, file in self.job("generate_dataset", dataset).settings.items() if key == "actors"]

    def _check_policies(self, dataset: str, agent: str) -> None:
        """An agent acts by its clusters' policies, which most methods fit only if asked to."""
        clusters = self.agents[agent].clusters
        if clusters is None:
            return
        settings = self.job("cluster_trajectories", dataset, clusters).settings
        if settings["method"] != "em" and settings["refit_epochs"] == 0:
            raise UserError(
                f"the clusters {clusters!r} have no policies",
                place=placed(("agents", agent, "clusters"), self.sources),
                remedy="Give that recipe some refit_epochs",
            )

    def _job(self, stage: str, dataset: str | None = None, recipe: str | None = None) -> Resolved:
        """What `stage` does with `dataset` (or all of them), by `recipe` where the stage has recipes."""
        if stage not in METHODS and stage not in SETTINGS:
            return Resolved(stage, {})
        layers = list(self._layers(stage, dataset, recipe))
        values = reduce(overlaid, (layer.values for layer in layers), {})
        values.pop("like", None)
        if stage in METHODS:
            return self._by_method(stage, values, layers)
        module, _, name = SETTINGS[stage].partition(":")
        settings = self._checked(getattr(importlib.import_module(module), name), values, layers)
        return Resolved(stage, settings, tuple(self._modules(stage, dataset, recipe, settings)))

    def _modules(self, stage: str, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
        """Modules that a job finds in the registries: its environment, how it acts, the formats its files may have."""
        if dataset is not None and stage in ("import_dataset", "evaluate", "evaluate_safe"):
            if environment := self._environment(dataset):
                yield ENVIRONMENTS.entry(environment).__module__
        if stage == "evaluate_safe" and recipe is not None:
            yield SAFETY.entry(self.job("train_safe", dataset, recipe).settings["method"]).__module__
        if stage == "train_behaviours":
            yield ENVIRONMENTS.entry(settings["environment"]).__module__
            yield LEARNERS.entry(settings["learner"]["method"]).__module__
        if stage == "import_dataset":
            for name in [settings["format"]] if settings["format"] else FORMATS.names():
                yield FORMATS.entry(name).__module__

    def _environment(self, dataset: str) -> str | None:
        entry, environment = self.params.datasets[dataset], self.environment(dataset)
        keys: Keys = ("datasets", dataset, entry.origin[1], "environment")
        if environment and environment not in ENVIRONMENTS.names():
            raise unknown(keys, ENVIRONMENTS.names(), self.sources, ENVIRONMENTS.kind)
        if not environment and entry.agents:
            raise UserError("missing, so agents cannot be evaluated", place=placed(keys, self.sources))
        return environment

    def _by_method(self, stage: str, values: Values, layers: list[Layer]) -> Resolved:
        registry, method = METHODS[stage], values.pop("method", None)
        for name in INGREDIENTS if stage == "train_safe" else ():
            values.pop(name, None)
        if method is None:
            own = next((layer for layer in layers if layer.keys[0] == stage), layers[0])
            raise UserError("missing", place=placed((*own.keys, "method"), self.sources))
        if method not in registry.names():
            holder = next(layer for layer in reversed(layers) if "method" in layer.values)
            raise unknown((*holder.keys, "method"), registry.names(), self.sources, registry.kind)
        settings = self._checked(registry.settings(method), values, layers)
        modules = [registry.entry(method).__module__]
        if stage == "generate_dataset" and settings.get("environment") in ENVIRONMENTS.names():
            modules.append(ENVIRONMENTS.entry(settings["environment"]).__module__)
        return Resolved(stage, {"method": method, **settings}, tuple(modules))

    def _checked(self, model: type[Settings], values: Values, layers: list[Layer]) -> Values:
        try:
            return model.model_validate(values).model_dump(mode="json")
        except ValidationError as error:
            raise refused(error, model, self.sources, [layer.keys for layer in layers]) from error

    def _layers(self, stage: str, dataset: str | None, recipe: str | None) -> Iterator[Layer]:
        if stage == "train_behaviours":
            yield Layer((stage, str(recipe)), self.params.train_behaviours[str(recipe)])
        elif dataset is None or stage in ("summarise_figure4", "summarise_safe_studies"):
            yield Layer((stage,), {**getattr(self.params, stage, {}), **self._derived(stage, dataset)})
        elif stage == self.params.datasets[dataset].origin[0]:
            _, key, values = self.params.datasets[dataset].origin
            yield Layer(("datasets", dataset, key), values)
        elif stage not in RECIPES:
            yield Layer((stage,), getattr(self.params, stage))
            yield from self._overrides(stage, dataset)
        else:
            wanted = self.params.datasets[dataset].num_clusters
            if stage == "cluster_trajectories" and wanted is not None:
                yield Layer(("datasets", dataset), {"num_clusters": wanted})
            for name in self._line(stage, recipe):
                yield self.recipes[stage][name]
                for layer in self._overrides(stage, dataset):
                    yield Layer((*layer.keys, name), layer.values.get(name, {}))

    def _derived(self, stage: str, dataset: str | None) -> Values:
        """Settings that follow from the rest of the params."""
        if stage == "report":
            # The page prints the params; where to train is not one that could change a result.
            return {
                "params": self.params.model_dump(mode="json", by_alias=True, exclude={"device"}, exclude_unset=True)
            }
        if dataset is None:
            return {}
        if stage == "summarise_safe_studies":
            return {"studies": self.studies(dataset)}
        points = {}
        for name in self.varied("figure4"):
            chosen = self.job("improve_clusters", dataset, name).settings
            gradient = "full batch" if chosen["minibatch_size"] is None else "mini-batch"
            points[name] = {"gradient": gradient, "epochs": chosen["num_epochs"]}
        return {"environment": self.environment(dataset) or "", "points": points}

    def _line(self, stage: str, recipe: str) -> list[str]:
        """The recipes that `recipe` is like, from the first to itself."""
        line = [recipe]
        while like := self.recipes[stage][line[0]].values.get("like"):
            if like in line:
                place = placed((*self.recipes[stage][line[0]].keys, "like"), self.sources)
                raise UserError("recipes are like each other in a circle", place=place)
            line.insert(0, like)
        return line

    def _overrides(self, stage: str, dataset: str) -> Iterator[Layer]:
        entry = self.params.datasets[dataset]
        if entry.preset is not None:
            yield Layer(("presets", entry.preset, stage), self.params.presets[entry.preset].get(stage, {}))
        yield Layer(("datasets", dataset, "settings", stage), entry.settings.get(stage, {}))
