"""Where the settings of a job are written, lowest first.

    the recipe that it is `like`  <  the recipe's own  <  the dataset's preset  <  the dataset's own `settings`

A stage without recipes has the last two over its block, a stage that takes all datasets its block alone. Ingredients,
the recipes that make what a method needs besides the dataset, are written among the settings and layered like them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, reduce

from stages.errors import UserError
from stages.params.grids import SafeGrid, Values
from stages.params.schema import Params, overlaid
from stages.params.stages import ROWS, STAGES, Stage
from stages.settings import Keys, Sources, placed


@dataclass(frozen=True)
class Layer:
    """Values, and the keys they were written under."""

    keys: Keys
    values: Values


@dataclass(frozen=True)
class Recipe(Layer):
    """A recipe of a stage's block or of a grid.

    Attributes:
        variant_of: Stage, recipe and kind where this recipe is like that ingredient of that recipe, whichever it is.
    """

    variant_of: tuple[str, str, str] | None = None


class Layers:
    """The layers of all jobs.

    Args:
        params: The params; names in them are known to be good.
        sources: Contents of the params files.
    """

    def __init__(self, params: Params, sources: Sources) -> None:
        self.params, self.sources = params, sources

    @cached_property
    def recipes(self) -> dict[str, dict[str, Recipe]]:
        """The recipes of each stage that has some, those of grids included."""
        named = {
            stage.name: {
                name: Recipe((stage.name, name), values) for name, values in self.params.block(stage.name).items()
            }
            for stage in ROWS
            if stage.recipes
        }
        for stage, keys, grid in self.params.grids():
            named[stage.name] |= {name: Recipe((*keys, "vary"), values) for name, values in grid.recipes.items()}
            if isinstance(grid, SafeGrid):
                base, place = (stage.name, grid.base, "partition"), (*keys, "vary_partition")
                named[stage.ingredients["partition"]] |= {
                    name: Recipe(place, values, base) for name, values in grid.partitions.items()
                }
        return named

    def of(self, stage: Stage, dataset: str | None, recipe: str | None) -> list[Layer]:
        """What is written for a job, lowest first; `dataset` is None for all, `recipe` for stages without any."""
        if dataset is not None and stage.name == self.params.datasets[dataset].origin[0]:
            _, key, values = self.params.datasets[dataset].origin
            return [Layer(("datasets", dataset, key), values)]
        changes = list(self._changes(stage, dataset))
        if not stage.recipes:
            return [Layer((stage.name,), self.params.block(stage.name)), *changes]
        layers = list(self._defaults(stage, dataset))
        for name in self._line(stage, dataset, str(recipe)):
            written = self.recipes[stage.name][name]
            layers.append(Layer(written.keys, {key: value for key, value in written.values.items() if key != "like"}))
            layers += [Layer((*layer.keys, name), layer.values.get(name, {})) for layer in changes]
        return layers

    def ingredients(self, stage: Stage, dataset: str | None, recipe: str | None) -> dict[str, str]:
        """The ingredients that are chosen for a job, by kind; whether its method needs them is another matter."""
        values: Values = reduce(overlaid, (layer.values for layer in self.of(stage, dataset, recipe)), {})
        return {kind: values[kind] for kind in stage.ingredients if values.get(kind) is not None}

    def _defaults(self, stage: Stage, dataset: str | None) -> Iterator[Layer]:
        """Facts of the dataset that are settings of all recipes."""
        entry = self.params.datasets[dataset] if dataset else None
        given = {key: value for key in stage.defaults if (value := getattr(entry, key, None)) is not None}
        if given:
            yield Layer(("datasets", str(dataset)), given)

    def _changes(self, stage: Stage, dataset: str | None) -> Iterator[Layer]:
        """What the dataset's preset, then the dataset itself, set differently."""
        if dataset is None or not stage.by_dataset:
            return
        entry = self.params.datasets[dataset]
        if entry.preset is not None:
            yield Layer(("presets", entry.preset, stage.name), self.params.presets[entry.preset].get(stage.name, {}))
        yield Layer(("datasets", dataset, "settings", stage.name), entry.settings.get(stage.name, {}))

    def _line(self, stage: Stage, dataset: str | None, recipe: str) -> list[str]:
        """The recipes that `recipe` is like, from the first to itself."""
        line = [recipe]
        while like := self._like(stage, dataset, line[0]):
            if like in line:
                place = placed((*self.recipes[stage.name][line[0]].keys, "like"), self.sources)
                raise UserError("recipes are like each other in a circle", place=place)
            line.insert(0, like)
        return line

    def _like(self, stage: Stage, dataset: str | None, recipe: str) -> str | None:
        written = self.recipes[stage.name][recipe]
        if written.variant_of is None:
            like: str | None = written.values.get("like")
            return like
        user, base, kind = written.variant_of
        varied = self.ingredients(STAGES[user], dataset, base).get(kind)
        if varied is None:
            remedy = "Leave it out, or vary a recipe that has it"
            raise UserError(f"{base} has no {kind}", place=placed(written.keys, self.sources), remedy=remedy)
        return varied
