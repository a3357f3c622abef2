"""What the params say about safe offline RL: which file each recipe needs besides the dataset, and the studies.

A recipe of `train_safe` names its ingredient, a recipe of another stage, beside its settings:
``trac: {method: trac, partition: by_episode}``, ``empo_budget: {method: budgeted_clusters, clusters: many}``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stages.errors import UserError
from stages.params.schema import Params, Values
from stages.safety import SAFETY
from stages.settings import Sources, placed

INGREDIENTS = ("partition", "clusters")
Recipe = tuple[tuple[str, ...], Values]


def inherited(recipes: dict[str, Values], name: str, key: str) -> str | None:
    """The value of `key` of a recipe, or of the nearest recipe that it is like."""
    seen: set[str] = set()
    while name in recipes and name not in seen:
        if key in recipes[name]:
            return str(recipes[name][key])
        seen.add(name)
        name = recipes[name].get("like", "")
    return None


def study_recipes(params: Params) -> dict[str, dict[str, Recipe]]:
    """Where in the params they come from, and values, of the recipes that studies vary, by stage and name."""
    partitions: dict[str, Recipe] = {}
    trained: dict[str, Recipe] = {}
    for study, grid in params.safe_studies.items():
        base = inherited(params.train_safe, grid.base, "partition")
        for name, (method, partition) in grid.varied().items():
            trained[name] = (("safe_studies", study, "vary"), {"like": grid.base, **method})
            if partition:
                partitions[name] = (("safe_studies", study, "vary_partition"), {"like": base, **partition})
                trained[name][1]["partition"] = name
    return {"partition_trajectories": partitions, "train_safe": trained}


def studies(
    params: Params, dataset: str, settings: Callable[[str, str], Values]
) -> dict[str, dict[str, dict[str, Any]]]:
    """The studies on `dataset`: the varied settings by study and name of the recipe, the base's own first.

    Args:
        params: The params.
        dataset: Its name.
        settings: All settings of a stage by a recipe.
    """
    found = {}
    for study, grid in params.safe_studies.items():
        if dataset in grid.datasets:
            own = settings("train_safe", grid.base)
            cut = inherited(params.train_safe, grid.base, "partition")
            partition = settings("partition_trajectories", cut) if cut else {}
            base = {**{key: own[key] for key in grid.vary}, **{key: partition[key] for key in grid.vary_partition}}
            varied = {name: {**method, **cut} for name, (method, cut) in grid.varied().items()}
            found[study] = {grid.base: base, **varied}
    return found


def ingredient(recipes: dict[str, Values], name: str, sources: Sources) -> tuple[str, str] | None:
    """The kind of file that a recipe's method needs besides the dataset, and the recipe of the stage that makes it.

    Raises:
        UserError: The recipe does not name it.
    """
    wanted = SAFETY.entry(inherited(recipes, name, "method") or "").ingredient
    if wanted is None:
        return None
    made_by = inherited(recipes, name, wanted.kind)
    if made_by is None:
        place = placed(("train_safe", name, wanted.kind), sources)
        raise UserError("missing", place=place, remedy=f"Name a recipe of {wanted.stage}")
    return wanted.kind, made_by
