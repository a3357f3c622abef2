"""Modules that jobs find by name at run time, so that no import shows them: environments, formats, methods.

Each function is given the recipes, the job's dataset and recipe (None where it has none) and its settings.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from stages.environments import ENVIRONMENTS
from stages.formats import FORMATS
from stages.online import LEARNERS
from stages.registry import Registry
from stages.settings import unknown

if TYPE_CHECKING:
    from stages.params.recipes import Recipes

Values = dict[str, Any]


def no_modules(recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
    """No further modules."""
    yield from ()


def all_of(registry: str) -> Callable[[Recipes, str | None, str | None, Values], Iterator[str]]:
    """Everything that a registry, named as ``module:NAME``, lists."""

    def listed(recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
        module, _, name = registry.partition(":")
        found: Registry = getattr(importlib.import_module(module), name)
        yield from map(found.module, found.listed())

    return listed


def environment(recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
    """The dataset's environment; one that there is not is refused elsewhere."""
    if dataset is not None and (name := recipes.environment(dataset)) in ENVIRONMENTS.names():
        yield ENVIRONMENTS.module(str(name))


def environment_set(recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
    """The environment that is a setting, of generators that have the choice."""
    name = settings.get("environment")
    if isinstance(name, str) and name in ENVIRONMENTS.names():
        yield ENVIRONMENTS.module(name)


def environment_and_formats(
    recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values
) -> Iterator[str]:
    """The dataset's environment, and the formats that its files may have."""
    yield from environment(recipes, dataset, recipe, settings)
    yield from map(FORMATS.module, [settings["format"]] if settings["format"] else FORMATS.names())


def environment_and_learner(
    recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values
) -> Iterator[str]:
    """The environment, which is a setting, and the learner that acts in it."""
    if settings["environment"] not in ENVIRONMENTS.names():
        keys = ("train_behaviours", str(recipe), "environment")
        raise unknown(keys, ENVIRONMENTS.names(), recipes.sources, ENVIRONMENTS.kind)
    yield ENVIRONMENTS.module(settings["environment"])
    yield LEARNERS.module(settings["learner"]["method"])


def method_of(stage: str) -> Callable[[Recipes, str | None, str | None, Values], Iterator[str]]:
    """The method of a recipe of `stage`, whose file is read."""

    def found(recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
        if recipe is not None:
            yield from recipes.job(stage, dataset, recipe).modules[:1]

    return found


def environment_and_method_of(stage: str) -> Callable[[Recipes, str | None, str | None, Values], Iterator[str]]:
    """The dataset's environment, and the method of a recipe of `stage`, which says how its policies act."""

    def found(recipes: Recipes, dataset: str | None, recipe: str | None, settings: Values) -> Iterator[str]:
        yield from environment(recipes, dataset, recipe, settings)
        yield from method_of(stage)(recipes, dataset, recipe, settings)

    return found
