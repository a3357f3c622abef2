"""Which files the workflow makes: from what the params name to paths, for the rules to ask for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from stages.params.jobs import Resolved
from stages.params.memory import may_use_cuda
from stages.params.recipes import Recipes
from stages.params.stages import STAGES
from stages.paths import (
    BY_CLUSTER,
    CLUSTERS,
    EMBEDDINGS,
    HIGH_LEVEL,
    IMPROVED,
    OFFLINE,
    PARTITION,
    SAFE,
    SAFE_EVALUATION,
    SKILLS,
    Place,
)

INGREDIENTS = {"partition": PARTITION, "clusters": CLUSTERS, "embedding": EMBEDDINGS, "skills": SKILLS}
Wildcards = Any  # Snakemake's, of the dataset and the recipe that a job is about
Inputs = Any  # Snakemake's, the files that a job reads


def one_of(names: Iterable[str]) -> str:
    """Pattern of a wildcard; of none where there are no names."""
    return "|".join(map(re.escape, names)) or "(?!)"


class Targets:
    """Paths of results, in the order in which the params name datasets, agents and recipes.

    Args:
        recipes: The params.
    """

    def __init__(self, recipes: Recipes) -> None:
        self.recipes = recipes
        params = recipes.params
        self.blocks = params.seeds.blocks
        self.clustering_blocks = (params.clustering_seeds or params.seeds).blocks
        self.baseline_blocks = (params.baseline_seeds or params.seeds).blocks

    def depends(self, stage: str, recipe: str | None = None) -> dict[str, Callable[[Wildcards], str]]:
        """Settings and code that outputs of a stage depend on, as functions of a job's wildcards.

        Args:
            stage: Its name.
            recipe: The wildcard that names the recipe, where there is one.
        """

        def job(wildcards: Wildcards) -> Resolved:
            return self.recipes.job(stage, wildcards.get("dataset"), recipe and wildcards.get(recipe))

        return {"settings": lambda w: job(w).json, "code": lambda w: job(w).code}

    def memory(self, stage: str, workflow: Any = None) -> Callable[[Wildcards, Inputs], int]:
        """MB that a job of a stage may take, as a function of its wildcards and its input files.

        Args:
            stage: Its name.
            workflow: Snakemake's, for a stage that trains; it knows only later whether jobs run on this machine.
        """

        def needed(wildcards: Wildcards, input: Inputs) -> int:
            cuda = workflow is not None and may_use_cuda(self.recipes.params.device, workflow.local_exec)
            return STAGES[stage].memory.needed(input.size_mb, cuda)

        return needed

    def files(
        self, place: Place, chosen: Mapping[str, Iterable[str]], blocks: Sequence[str] | None = None
    ) -> list[str]:
        """All seeds of some recipes, or agents, on some datasets.

        Args:
            place: Template with the wildcards dataset, block and that of the recipe.
            chosen: The names of the recipes by dataset.
            blocks: Seed ranges; those of most trainings if there is nothing else said.
        """
        (recipe,) = set(place.wildcards) - {"dataset", "block"}
        return [
            place.format(dataset=dataset, block=block, **{recipe: name})
            for dataset, names in chosen.items()
            for name in names
            for block in (self.blocks if blocks is None else blocks)
        ]

    def clusters(self, dataset: str) -> list[str]:
        """Clusters of a dataset: all seeds of what its agents follow, else as many as clusterings have."""
        entry = self.recipes.params.datasets[dataset]
        blocks = {name: self.clustering_blocks for name in self.recipes.clusterings(dataset)}
        blocks |= dict.fromkeys(self.recipes.clusterings_of(entry.baselines), self.baseline_blocks)
        blocks |= dict.fromkeys(self.recipes.clusterings_of(entry.agents), self.blocks)
        return [file for name in blocks for file in self.files(CLUSTERS, {dataset: [name]}, blocks[name])]

    def agent_blocks(self, dataset: str, agent: str) -> list[str]:
        """Seed ranges that an agent is evaluated with."""
        entry = self.recipes.params.datasets[dataset]
        return self.baseline_blocks if agent in entry.baselines and agent not in entry.agents else self.blocks

    def of_agents(self, place: Place, chosen: Mapping[str, Iterable[str]]) -> list[str]:
        """What there is of some agents on some datasets, for the seeds of each."""
        return [
            file
            for dataset, agents in chosen.items()
            for agent in agents
            for file in self.files(place, {dataset: [agent]}, self.agent_blocks(dataset, agent))
        ]

    def policies(self, dataset: str, agent: str, block: str) -> list[str]:
        """The trained files that make up an agent."""
        parts = self.recipes.agents[agent]
        if parts.offline:
            return [OFFLINE.format(dataset=dataset, algorithm=parts.offline, block=block)]
        chosen = self.recipes.num_clusters(dataset, str(parts.clusters)) != 1 and parts.follow == "high_level"
        places = [HIGH_LEVEL] if chosen else []
        if parts.policies is None or chosen:
            places.insert(0, CLUSTERS)
        if parts.improvement:
            places.append(IMPROVED)
        if parts.policies:
            places.append(BY_CLUSTER)
        names = {"clustering": parts.clusters, "improvement": parts.improvement, "algorithm": parts.policies}
        return [place.format(dataset=dataset, block=block, **names) for place in places]

    def trained(self, chosen: Mapping[str, Iterable[str]]) -> list[str]:
        """The trained files of some agents on some datasets, all seeds; agents may share files."""
        return [
            file
            for dataset, agents in chosen.items()
            for agent in agents
            for block in self.agent_blocks(dataset, agent)
            for file in self.policies(dataset, agent, block)
        ]

    def given(self, stage: str, dataset: str, recipe: str, block: str) -> list[str]:
        """What a recipe of a stage needs besides the dataset: a file of another stage, or nothing."""
        parts = self.recipes.ingredients(stage, dataset, recipe)
        return [
            file for kind, name in parts.items() for file in self.files(INGREDIENTS[kind], {dataset: [name]}, [block])
        ]

    def trained_safe(self, evaluations: Iterable[str], blocks: Sequence[str]) -> list[str]:
        """The policies behind rollouts under cost limits, and what each recipe was given, all seeds."""
        places = [place for file in evaluations if (place := SAFE_EVALUATION.read(file))]
        files = []
        for dataset, safe in dict.fromkeys((place["dataset"], place["safe"]) for place in places):
            files += [SAFE.format(dataset=dataset, safe=safe, block=block) for block in blocks]
            files += [file for block in blocks for file in self.given("train_safe", dataset, safe, block)]
        return files
