"""One job's settings, checked by the class that its stage or its method declares."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from pydantic import ValidationError

from stages.errors import UserError
from stages.params.grids import Values
from stages.params.layers import Layer
from stages.params.schema import overlaid
from stages.params.stages import Stage
from stages.provenance import code_hash
from stages.registry import Registry
from stages.settings import Settings, Sources, placed, refused, unknown


@dataclass(frozen=True)
class Resolved:
    """Everything besides its input files that one job's output depends on.

    Attributes:
        stage: Its name.
        settings: All of them, checked, `method` included where there is one.
        modules: What the job finds by name: its method's module first.
        ingredients: By kind, the recipe that makes a further input file.
    """

    stage: str
    settings: Values
    modules: tuple[str, ...] = ()
    ingredients: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> str:
        """The settings, written in one way: equal settings give equal text."""
        return json.dumps(self.settings, sort_keys=True)

    @property
    def code(self) -> str:
        """Hash of the stage's code and of the registered methods it uses."""
        return code_hash(f"stages.{self.stage}", *self.modules)


def resolve(stage: Stage, layers: list[Layer], sources: Sources) -> Resolved:
    """Settings, method's module and ingredients of a job from what is written for it, lowest layer first.

    Raises:
        UserError: Something is unknown, missing or out of range, or an ingredient is not needed.
    """
    declared = stage.declared()
    if declared is None:
        return Resolved(stage.name, {})
    values: Values = reduce(overlaid, (layer.values for layer in layers), {})
    if not isinstance(declared, Registry):
        return Resolved(stage.name, _checked(declared, values, layers, sources))
    ingredients = {kind: values.pop(kind, None) for kind in stage.ingredients}
    method = _method(declared, values.pop("method", None), layers, sources)
    settings = {"method": method, **_checked(declared.settings(method), values, layers, sources)}
    needed = getattr(declared.entry(method), "ingredient", None)
    for kind, maker in stage.ingredients.items():
        wanted, recipe = needed is not None and needed.kind == kind, ingredients[kind]
        if wanted and recipe is None:
            place = placed((*layers[0].keys, kind), sources)
            raise UserError("missing", place=place, remedy=f"Name a recipe of {maker}")
        if recipe is not None and not wanted:
            place = placed((*_holder(kind, layers).keys, kind), sources)
            raise UserError(f"{method} needs no {kind}", place=place, remedy="Leave it out")
    chosen = {kind: recipe for kind, recipe in ingredients.items() if recipe is not None}
    return Resolved(stage.name, settings, (declared.module(method),), chosen)


def _method(registry: Registry, method: Any, layers: list[Layer], sources: Sources) -> str:
    """The method's name, which has to be that of something."""
    if method is None:
        written = next((layer for layer in layers if layer.keys[0] != "datasets"), layers[0])
        raise UserError("missing", place=placed((*written.keys, "method"), sources))
    if method not in registry.names():
        raise unknown((*_holder("method", layers).keys, "method"), registry.names(), sources, registry.kind)
    return method


def _holder(key: str, layers: list[Layer]) -> Layer:
    """The layer whose value of `key` counts."""
    return next(layer for layer in reversed(layers) if key in layer.values)


def _checked(model: type[Settings], values: Values, layers: list[Layer], sources: Sources) -> Values:
    try:
        return model.model_validate(values).model_dump(mode="json")
    except ValidationError as error:
        raise refused(error, model, sources, [layer.keys for layer in layers]) from error
