"""The table of stages: where each stage's settings are declared, what its recipes are, what else its jobs depend on.

A further family adds rows: keys of the params, their checks and the settings of jobs follow from them. Settings are
named by text, so that reading the table loads no family.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from stages.params.derived import nothing, params_of_the_run, table
from stages.params.grids import Grid, ImprovementGrid, SafeGrid
from stages.params.memory import Memory
from stages.params.modules import (
    all_of,
    environment,
    environment_and_formats,
    environment_and_learner,
    environment_and_method_of,
    environment_set,
    method_of,
    no_modules,
)
from stages.registry import Registry
from stages.settings import Settings

if TYPE_CHECKING:
    from stages.params.recipes import Recipes


@dataclass(frozen=True)
class Stage:
    """What the params know of a stage.

    Attributes:
        name: Of the command, ``python -m stages.<name>``, and of the stage's block in the params.
        settings: Where they are declared, as ``module:NAME``: a class, or the registry whose methods declare theirs.
        description: Of the block; none for a stage without one.
        origin: Key of a dataset's entry that holds the settings instead, for stages that make datasets.
        recipes: Whether the block holds named recipes.
        by_dataset: Whether presets and datasets may change settings; if not, all datasets have the same.
        defaults: Keys of a dataset's entry that are settings of every recipe that does not set them.
        listed: Keys of a dataset's entry that list recipes to run on it, with descriptions.
        compared: Keys of the params that list recipes to compare, by dataset, with descriptions.
        grids: Keys of the params that hold a grid of recipes, with its type and a description.
        ingredients: What methods may need besides the dataset: by the key that names a recipe, the stage it is of.
        modules: Modules that a job uses besides those it imports and its method's, see `stages.params.modules`.
        derived: Settings that follow from the rest of the params, see `stages.params.derived`.
        memory: What a job may take.
    """

    name: str
    settings: str = ""
    description: str = ""
    origin: str = ""
    recipes: bool = False
    by_dataset: bool = True
    defaults: tuple[str, ...] = ()
    listed: Mapping[str, str] = field(default_factory=dict)
    compared: Mapping[str, str] = field(default_factory=dict)
    grids: Mapping[str, tuple[Any, str]] = field(default_factory=dict)
    ingredients: Mapping[str, str] = field(default_factory=dict)
    modules: Callable[[Recipes, str | None, str | None, dict[str, Any]], Iterable[str]] = no_modules
    derived: Callable[[Recipes, str | None, str | None], dict[str, Any]] = nothing
    memory: Memory = Memory()

    def declared(self) -> Registry | type[Settings] | None:
        """What declares the settings; None for a stage that has none."""
        if not self.settings:
            return None
        module, _, name = self.settings.partition(":")
        found: Registry | type[Settings] = getattr(importlib.import_module(module), name)
        return found


ROWS = (
    Stage(
        "generate_dataset",
        "stages.generators:GENERATORS",
        origin="generate",
        modules=environment_set,
        memory=Memory(700.0),
    ),
    Stage(
        "import_dataset", "stages.formats.importing:ImportSettings", origin="import", modules=environment_and_formats
    ),
    Stage("mix_datasets", "stages.datasets.mixing:MixSettings", origin="mix"),
    Stage(
        "train_behaviours",
        "stages.online.settings:BehaviourSettings",
        "behaviours that `snakemake behaviours` trains, by name",
        recipes=True,
        by_dataset=False,
        modules=environment_and_learner,
    ),
    Stage(
        "cluster_trajectories",
        "stages.clustering:CLUSTERING",
        "clustering recipes by name",
        recipes=True,
        defaults=("num_clusters",),
        listed={"clusterings": "further clustering recipes to run and score, without an agent"},
        compared={"comparison": "clustering recipes that `snakemake clustering` compares, by dataset"},
        grids={
            "ablation": (Grid | None, "clustering recipes of `snakemake ablation`"),
            "k_sensitivity": (Grid | None, "clustering recipes of `snakemake k_sensitivity`"),
        },
        ingredients={"embedding": "embed_trajectories"},
        memory=Memory(800.0),
    ),
    Stage(
        "diagnose_clusters",
        "stages.diagnosis.settings:DiagnosisSettings",
        "how closely clusters are looked at",
        by_dataset=False,
    ),
    Stage(
        "extract_skills", "stages.embeddings.skills.settings:LoveSettings", "recipes of skills by name", recipes=True
    ),
    Stage(
        "embed_trajectories",
        "stages.embeddings:EMBEDDINGS",
        "embedding recipes by name",
        recipes=True,
        listed={"embeddings": "embedding recipes to run and probe"},
        ingredients={"skills": "extract_skills"},
    ),
    Stage(
        "probe_embeddings",
        "stages.embeddings.probing.settings:ProbeSettings",
        "how embeddings are probed",
        modules=method_of("embed_trajectories"),
    ),
    Stage(
        "imitate",
        "stages.embeddings.imitation:IMITATORS",
        "imitator recipes by name",
        recipes=True,
        listed={"imitators": "recipes of imitate to train and roll out, level by level"},
        compared={"latent_studies": "recipes of imitate that `snakemake latent_studies` looks into, by dataset"},
        ingredients={"embedding": "embed_trajectories"},
    ),
    Stage(
        "study_latents",
        "stages.evaluation.settings:LatentStudySettings",
        "where latents of imitators are looked into",
        modules=environment,
    ),
    Stage("train_critics", "stages.empo.critic_settings:CriticSettings", "Q and V of each cluster"),
    Stage(
        "improve_clusters",
        "stages.empo:IMPROVEMENT",
        "improvement recipes by name",
        recipes=True,
        grids={"figure4": (ImprovementGrid | None, "improvement recipes of `snakemake figure4`")},
    ),
    Stage(
        "train_high_level",
        "stages.empo.high_level_settings:HighLevelSettings",
        "the policy that chooses among clusters",
    ),
    Stage("train_offline", "stages.algorithms:ALGORITHMS", "offline algorithm recipes by name", recipes=True),
    Stage("evaluate", "stages.evaluation.settings:EvaluationSettings", "rollouts", modules=environment),
    Stage(
        "estimate_returns",
        "stages.evaluation.estimate_settings:EstimateSettings",
        "off-policy estimates of returns, of agents that are not rolled out or beside their rollouts",
    ),
    Stage("bound", "stages.evaluation.bound_settings:BoundSettings", "the best return that stitching can reach"),
    Stage(
        "partition_trajectories",
        "stages.safety.segments.settings:PartitionSettings",
        "recipes of labelled segments by name",
        recipes=True,
    ),
    Stage(
        "train_safe",
        "stages.safety:SAFETY",
        "safe algorithm recipes by name",
        recipes=True,
        listed={"safe": "recipes of train_safe to train and evaluate under every cost limit"},
        compared={"safe_comparison": "recipes of train_safe that `snakemake safe_rl` compares, by dataset"},
        grids={"safe_studies": (dict[str, SafeGrid], "what `snakemake safe_studies` varies, by name")},
        ingredients={"partition": "partition_trajectories", "clusters": "cluster_trajectories"},
    ),
    Stage(
        "evaluate_safe",
        "stages.evaluation.settings:SafeEvaluationSettings",
        "rollouts under cost limits",
        modules=environment_and_method_of("train_safe"),
    ),
    Stage(
        "summarise",
        "stages.reporting.settings:SummarySettings",
        "table and metrics",
        by_dataset=False,
        modules=all_of("stages.reporting:SECTIONS"),
    ),
    Stage(
        "report",
        "stages.reporting.settings:ReportSettings",
        "the page",
        by_dataset=False,
        modules=all_of("stages.reporting:SECTIONS"),
        derived=params_of_the_run,
        memory=Memory(700.0),
    ),
    Stage("tabulate", "stages.reporting:TABLES", by_dataset=False, derived=table),
)
STAGES = {row.name: row for row in ROWS}
BY_DATASET = [row.name for row in ROWS if row.description and row.by_dataset]
FOR_ALL = [row.name for row in ROWS if row.description and not row.by_dataset]
