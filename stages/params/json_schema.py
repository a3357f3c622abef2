"""The JSON schema of `params.yaml`, by which editors complete the file and check it while it is written.

It says what keys there are, by method where methods differ, and the type and range of each. It does not say what has to
be there, since an overlay may leave anything to the file below it, nor which names are those of recipes.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from stages.params.schema import PARAMS, DatasetParams, OwnFiles
from stages.params.stages import BY_DATASET, ROWS, STAGES, Stage
from stages.registry import Registry

Schema = dict[str, Any]


def json_schema() -> Schema:
    """The schema of the whole file, draft 2020-12."""
    definitions = _definitions()
    for stage in ROWS:
        if stage.settings:
            definitions[stage.name] = _settings(stage, definitions)
    changes = _object({name: _block(STAGES[name]) for name in BY_DATASET})
    origins = {stage.origin: _reference(stage.name) for stage in ROWS if stage.origin}
    definitions[DatasetParams.__name__]["properties"] |= {**origins, "settings": changes}
    params = definitions.pop(PARAMS.__name__)
    params["properties"] |= {stage.name: _block(stage) for stage in ROWS if stage.description}
    params["properties"]["presets"]["additionalProperties"] = changes
    for stage in ROWS:
        for key in stage.grids:
            grid = params["properties"][key]
            grid.get("additionalProperties", grid).update(_varied(stage))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **params,
        "$defs": _referred(params, definitions),
    }


def _referred(params: Schema, definitions: Schema) -> Schema:
    """The definitions but those of methods, now part of their stages', that are not within other settings."""
    methods = {model.__name__ for stage in ROWS for model in _models(stage).values()}
    others = {name: definition for name, definition in definitions.items() if name not in methods}
    written = json.dumps([params, others])
    return {name: definitions[name] for name in definitions if name in others or f'"#/$defs/{name}"' in written}


class _Untitled(GenerateJsonSchema):
    """Without a title for every field, which would repeat its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _definitions() -> Schema:
    """What pydantic says of the params and of all settings, by the names of the classes, nothing required."""
    models: list[type[BaseModel]] = [PARAMS, OwnFiles, *(model for stage in ROWS for model in _models(stage).values())]
    _, found = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/$defs/{model}", schema_generator=_Untitled
    )
    definitions: Schema = found["$defs"]
    for definition in definitions.values():
        definition.pop("required", None)
    return definitions


def _models(stage: Stage) -> dict[str, type[BaseModel]]:
    """The settings classes of a stage by method; under an empty name where it has no choice of methods."""
    declared = stage.declared()
    if isinstance(declared, Registry):
        return {name: declared.settings(name) for name in declared.names()}
    return {} if declared is None else {"": declared}


def _settings(stage: Stage, definitions: Schema) -> Schema:
    """What may be set for a stage: the settings of one of its methods, and what is written beside them."""
    beside: Schema = {
        kind: {"type": ["string", "null"], "description": f"recipe of {maker}"}
        for kind, maker in stage.ingredients.items()
    }
    if stage.recipes:
        beside["like"] = {"type": "string", "description": "recipe that this one is like"}
    if stage.origin == "import":
        beside |= definitions[OwnFiles.__name__]["properties"]
    choices = []
    for method, model in _models(stage).items():
        named: Schema = {"method": {"const": method}} if method else {}
        choices.append(_object({**named, **beside, **definitions[model.__name__]["properties"]}))
    return {"anyOf": choices} if len(choices) > 1 else choices[0]


def _block(stage: Stage) -> Schema:
    """A stage's block, or what a preset or a dataset changes of it."""
    settings = _reference(stage.name)
    block = {"type": "object", "additionalProperties": settings} if stage.recipes else settings
    return {**block, "description": stage.description}


def _varied(stage: Stage) -> Schema:
    """What a grid may vary: settings of the stage's methods, and those of their ingredients."""
    keys = {"vary": _keys(stage)} | {f"vary_{kind}": _keys(STAGES[maker]) for kind, maker in stage.ingredients.items()}
    return {"properties": {key: {"propertyNames": {"enum": names}} for key, names in keys.items()}}


def _keys(stage: Stage) -> list[str]:
    return sorted({*stage.ingredients, *(name for model in _models(stage).values() for name in model.model_fields)})


def _object(properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}
