"""Settings that follow from the rest of the params: what tables and pages are told about the runs that they show.

Each function is given the recipes, and the job's dataset and recipe (None where it has none).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stages.params.grids import SafeGrid

if TYPE_CHECKING:
    from stages.params.recipes import Recipes

Values = dict[str, Any]


def nothing(recipes: Recipes, dataset: str | None, recipe: str | None) -> Values:
    """No settings follow."""
    return {}


def params_of_the_run(recipes: Recipes, dataset: str | None, recipe: str | None) -> Values:
    """The page prints the params; where and by what to compute are none that change what is found."""
    values = recipes.params.model_dump(mode="json", by_alias=True, exclude={"device", "native"}, exclude_unset=True)
    return {"params": values}


def table(recipes: Recipes, dataset: str | None, recipe: str | None) -> Values:
    """Which table a job makes, and what it is told of the recipes that it compares."""
    if dataset is None:
        return {}
    settings_of = {"figure4": figure4, "safe_studies": safe_studies, "offline_rl": offline_rl}.get(str(recipe))
    return {"method": recipe, **(settings_of(recipes, dataset) if settings_of else {})}


def figure4(recipes: Recipes, dataset: str) -> Values:
    """Which agent is which point of the figure."""
    points = {}
    for name in recipes.varied("figure4"):
        chosen = recipes.job("improve_clusters", dataset, name).settings
        gradient = "full batch" if chosen["minibatch_size"] is None else "mini-batch"
        points[name] = {"gradient": gradient, "epochs": chosen["num_epochs"]}
    return {"environment": recipes.environment(dataset) or "", "points": points}


def offline_rl(recipes: Recipes, dataset: str) -> Values:
    """How the compared agents were trained, and what each is compared with."""
    names = recipes.params.offline_comparison.get(dataset, [])
    sampled = recipes.job("evaluate", dataset).settings["sample_actions"]
    agents = {
        name: {**_training(recipes, dataset, name), "reference": _reference(recipes, dataset, name, names)}
        for name in names
    }
    return {"environment": recipes.environment(dataset) or "", "sampled": sampled, "agents": agents}


def _training(recipes: Recipes, dataset: str, agent: str) -> Values:
    """Size and length of the training of an agent's algorithm; nothing of agents made in several stages."""
    parts = recipes.agents[agent]
    recipe = parts.offline or parts.policies
    if recipe is None:
        return {"trained_on": "clusters"}
    on = "all episodes" if parts.offline else "each cluster" if parts.follow == "high_level" else "the best cluster"
    settings = recipes.job("train_offline", dataset, recipe).settings
    settings = settings.get("host", settings)
    widths = "-".join(map(str, settings["hidden_sizes"]))
    return {"trained_on": on, "steps": settings["num_steps"], "widths": widths, "batch_size": settings["batch_size"]}


def _reference(recipes: Recipes, dataset: str, agent: str, names: list[str]) -> str:
    """The same algorithm on all episodes, for a plug-in its host, for all others the first agent."""
    parts = recipes.agents[agent]
    settings = recipes.job("train_offline", dataset, parts.offline).settings if parts.offline else {}
    wanted = parts.policies or settings.get("host", {}).get("method")
    return next((name for name in names if wanted and recipes.agents[name].offline == wanted), names[0])


def safe_studies(recipes: Recipes, dataset: str) -> Values:
    """What each recipe of each safe study varies."""
    return {"studies": studies(recipes, dataset)}


def studies(recipes: Recipes, dataset: str) -> dict[str, dict[str, Values]]:
    """The safe studies on a dataset: the varied settings by study and name of the recipe, the base's own first."""
    grids: dict[str, SafeGrid] = recipes.params.block("safe_studies")
    found = {}
    for study, grid in grids.items():
        if dataset in grid.datasets:
            varied = {name: {**method, **partition} for name, (method, partition) in grid.varied.items()}
            found[study] = {grid.base: _unvaried(recipes, dataset, grid), **varied}
    return found


def _unvaried(recipes: Recipes, dataset: str, grid: SafeGrid) -> Values:
    """What the base of a study has where the others vary."""
    job = recipes.job("train_safe", dataset, grid.base)
    method = {**job.settings, **job.ingredients}
    partition: Values = {}
    if grid.vary_partition:
        partition = recipes.job("partition_trajectories", dataset, job.ingredients["partition"]).settings
    return {**{key: method[key] for key in grid.vary}, **{key: partition[key] for key in grid.vary_partition}}
