"""What `params.yaml` may say: every key with its type and range. Anything else is refused before a job starts.

``python -m stages.params [OVERLAY...]`` checks the params and prints the settings that each job gets.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import product
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import ConfigDict, Field, ValidationError, model_validator

from stages.errors import UserError
from stages.settings import Settings, Sources, refused

Values = dict[str, Any]
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
FILE = "params.yaml"


class SeedRange(Settings):
    """Which seeds, and how many of them one job trains together."""

    first: int = Field(0, ge=0, description="first seed")
    count: int = Field(10, ge=1, description="number of seeds")
    block: int = Field(5, ge=1, description="seeds trained together in one job")

    @property
    def blocks(self) -> list[str]:
        """The seed ranges of the jobs, such as ``["0-4", "5-9"]``."""
        end = self.first + self.count
        starts = range(self.first, end, self.block)
        return [f"{start}-{min(start + self.block, end) - 1}" for start in starts]


class OwnFiles(Settings):
    """The user's own files, and settings of `import_dataset`."""

    model_config = ConfigDict(extra="allow")
    files: list[str] = Field(min_length=1, description="files that make up the dataset, in order")


class DatasetParams(Settings):
    """One dataset: where it comes from, and what is done with it."""

    generate: Values | None = Field(None, description="`method` and settings of a dataset generator")
    mix: Values | None = Field(None, description="`sources` (other datasets, and how much of each) and how to mix them")
    import_: OwnFiles | None = Field(None, alias="import", description="the user's own files and how to read them")
    preset: str | None = Field(None, description="entry of `presets` to apply")
    settings: dict[str, Values] = Field({}, description="settings of stages for this dataset alone")
    num_clusters: int | None = Field(
        None, ge=1, description="behaviours to look for: `num_clusters` of clustering recipes that do not set it"
    )
    agents: list[str] = Field([], description="entries of `agents` to train and evaluate")
    clusterings: list[str] = Field([], description="further clustering recipes to run and score, without an agent")
    safe: list[str] = Field([], description="recipes of train_safe to train and evaluate under every cost limit")

    @model_validator(mode="after")
    def _one_origin(self) -> DatasetParams:
        if sum(origin is not None for origin in (self.generate, self.import_, self.mix)) != 1:
            raise ValueError("needs `generate`, `import` or `mix`, one of them")
        return self

    @property
    def origin(self) -> tuple[str, str, Values]:
        """The stage that makes the dataset, the key of its settings, and the settings."""
        if self.import_ is not None:
            return "import_dataset", "import", dict(self.import_.model_extra or {})
        if self.mix is not None:
            return "mix_datasets", "mix", self.mix
        return "generate_dataset", "generate", dict(self.generate or {})

    @property
    def sources(self) -> list[str]:
        """The datasets that this one is mixed of."""
        return list((self.mix or {}).get("sources", {}))

    @property
    def environment(self) -> str | None:
        """Name of the environment, not known of mixtures; generators for one environment are named after it."""
        _, key, values = self.origin
        named = values.get("environment")
        return named if key == "import" or isinstance(named, str) else values.get("method")


class AgentParams(Settings):
    """What is evaluated: an offline algorithm, or the policies of clusters under a high-level policy."""

    offline: str | None = Field(None, description="recipe of train_offline")
    clusters: str | None = Field(None, description="recipe of cluster_trajectories")
    improvement: str | None = Field(None, description="recipe of improve_clusters; none: as clustered")

    @model_validator(mode="after")
    def _one_kind(self) -> AgentParams:
        if (self.offline is None) == (self.clusters is None):
            raise ValueError("needs `offline` or `clusters`, one of them")
        if self.offline is not None and self.improvement is not None:
            raise ValueError("`improvement` goes with `clusters`, not with `offline`")
        return self


class Grid(Settings):
    """A recipe with every combination of some of its settings."""

    base: str = Field(description="the recipe that is varied")
    datasets: list[str] = Field([], description="datasets to do it on")
    vary: dict[str, list[Any]] = Field(min_length=1, description="setting: values to try")

    @property
    def recipes(self) -> dict[str, Values]:
        """The varied recipes by name, such as ``em-momentum=0.9-bias_epochs=3``."""
        named = {}
        for combination in product(*self.vary.values()):
            varied = dict(zip(self.vary, combination, strict=True))
            named["-".join([self.base, *(f"{k}={_text(v)}" for k, v in varied.items())])] = varied
        return {name: {"like": self.base, **varied} for name, varied in named.items()}


class ImprovementGrid(Grid):
    """A grid of improvement recipes on the clusters of one recipe."""

    clusters: str = Field(description="recipe of cluster_trajectories whose clusters are improved")


class SafeGrid(Grid):
    """A grid of safe recipes, over settings of the method, of its partition, or both."""

    vary: dict[str, list[Any]] = Field({}, description="setting of the method: values to try")
    vary_partition: dict[str, list[Any]] = Field({}, description="setting of its partition: values to try")

    def varied(self) -> dict[str, tuple[Values, Values]]:
        """Settings of the method and of its partition, by the name of the varied recipe."""
        named = {}
        for combination in product(*self.vary.values(), *self.vary_partition.values()):
            keys = [*self.vary, *self.vary_partition]
            name = "-".join([self.base, *(f"{k}={_text(v)}" for k, v in zip(keys, combination, strict=True))])
            method, partition = combination[: len(self.vary)], combination[len(self.vary) :]
            named[name] = (
                dict(zip(self.vary, method, strict=True)),
                dict(zip(self.vary_partition, partition, strict=True)),
            )
        return named


class Params(Settings):
    """All of `params.yaml`."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where to train; does not cause reruns")
    seeds: SeedRange = Field(SeedRange(), description="seeds of every training")
    safe_seeds: SeedRange = Field(
        SeedRange(count=3, block=3), description="seeds of safe methods, each with a policy per cost limit"
    )
    datasets: dict[str, DatasetParams] = Field(min_length=1, description="datasets by name")
    presets: dict[str, dict[str, Values]] = Field({}, description="named overrides of stage settings")
    agents: dict[str, AgentParams] = Field({}, description="agents by name")
    train_behaviours: dict[str, Values] = Field(
        {}, description="behaviours that `snakemake behaviours` trains, by name"
    )
    cluster_trajectories: dict[str, Values] = Field({}, description="clustering recipes by name")
    train_critics: Values = Field({}, description="Q and V of each cluster")
    improve_clusters: dict[str, Values] = Field({}, description="improvement recipes by name")
    train_high_level: Values = Field({}, description="the policy that chooses among clusters")
    train_offline: dict[str, Values] = Field({}, description="offline algorithm recipes by name")
    partition_trajectories: dict[str, Values] = Field({}, description="recipes of labelled segments by name")
    train_safe: dict[str, Values] = Field({}, description="safe algorithm recipes by name")
    evaluate: Values = Field({}, description="rollouts")
    evaluate_safe: Values = Field({}, description="rollouts under cost limits")
    bound: Values = Field({}, description="the best return that stitching can reach")
    summarise: Values = Field({}, description="table and metrics")
    report: Values = Field({}, description="the page")
    diagnose_clusters: Values = Field({}, description="how closely clusters are looked at")
    comparison: dict[str, list[str]] = Field(
        {}, description="clustering recipes that `snakemake clustering` compares, by dataset"
    )
    safe_comparison: dict[str, list[str]] = Field(
        {}, description="recipes of train_safe that `snakemake safe_rl` compares, by dataset"
    )
    safe_studies: dict[str, SafeGrid] = Field({}, description="what `snakemake safe_studies` varies, by name")
    ablation: Grid | None = Field(None, description="clustering recipes of `snakemake ablation`")
    k_sensitivity: Grid | None = Field(None, description="clustering recipes of `snakemake k_sensitivity`")
    figure4: ImprovementGrid | None = Field(None, description="improvement recipes of `snakemake figure4`")


def load(paths: Sequence[Path | str] = (FILE,), extra: Values | None = None) -> tuple[Params, Sources]:
    """Read params files, later ones on top, and `extra` values over all.

    Returns:
        The checked params, and the files' own contents for error messages.

    Raises:
        UserError: A missing or damaged file, an unknown key, a wrong type, a value out of range.
    """
    sources = {str(path): _read(Path(path)) for path in paths}
    merged = reduce(overlaid, [*sources.values(), extra or {}])
    try:
        return Params.model_validate(merged), sources
    except ValidationError as error:
        raise refused(error, Params, sources) from error


def overlaid(below: Values, above: Values) -> Values:
    """`below` with the values of `above` on top; mappings are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlaid(merged[key], value) if both else value
    return merged


def _text(value: Any) -> str:
    return "null" if value is None else str(value)


def _read(path: Path) -> Values:
    try:
        values = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise UserError("no such file", place=str(path)) from error
    except yaml.YAMLError as error:
        raise UserError(f"not YAML: {' '.join(str(error).split())}", place=str(path)) from error
    if not isinstance(values, dict):
        raise UserError("should hold `key: value` lines", place=str(path))
    return values
