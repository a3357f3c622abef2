"""What `params.yaml` may say: every key with its type and range. Anything else is refused before a job starts.

``python -m stages.params [OVERLAY...]`` checks the params and prints the settings that each job gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, ClassVar, Literal, get_args

from pydantic import ConfigDict, Field, ValidationError, create_model, model_validator

from stages.params.grids import Grid, Values
from stages.params.reading import as_read, read
from stages.params.spelling import check_spelling
from stages.params.stages import ROWS, Stage
from stages.settings import Keys, Settings, Sources, refused

FILE = "params.yaml"


class SeedRange(Settings):
    """Which seeds, and how many of them one job trains together."""

    first: int = Field(0, ge=0, description="first seed")
    count: int = Field(10, ge=1, le=10_000, description="number of seeds")
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
    baselines: list[str] = Field([], description="more of them, with `baseline_seeds`, if not among `agents`")

    @model_validator(mode="after")
    def _one_origin(self) -> DatasetParams:
        if sum(origin is not None for origin in (self.generate, self.import_, self.mix)) != 1:
            raise ValueError("needs `generate`, `import` or `mix`, one of them")
        return self

    @property
    def origin(self) -> tuple[str, str, Values]:
        """The stage that makes the dataset, the key of its settings, and the settings."""
        extra = None if self.import_ is None else self.import_.model_extra or {}
        settings = {"generate": self.generate, "import": extra, "mix": self.mix}
        return next(
            (stage.name, stage.origin, dict(values))
            for stage in ROWS
            if (values := settings.get(stage.origin)) is not None
        )

    def listed(self, key: str) -> list[str]:
        """The recipes under a key that belongs to a stage, such as `clusterings`."""
        found: list[str] = getattr(self, key)
        return found

    @property
    def evaluated(self) -> list[str]:
        """Baselines and agents."""
        return list(dict.fromkeys([*self.baselines, *self.agents]))

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
    """What is evaluated: an offline algorithm, or policies of clusters, their own or an algorithm's, under a choice."""

    names: ClassVar[dict[str, str]] = {
        "offline": "train_offline",
        "clusters": "cluster_trajectories",
        "improvement": "improve_clusters",
        "policies": "train_offline",
    }
    """The stage that each part is a recipe of."""

    offline: str | None = Field(None, description="recipe of train_offline")
    clusters: str | None = Field(None, description="recipe of cluster_trajectories")
    improvement: str | None = Field(None, description="recipe of improve_clusters; none: as clustered")
    policies: str | None = Field(None, description="recipe of train_offline, trained once per cluster")
    follow: Literal["high_level", "best_cluster"] = Field(
        "high_level", description="of `policies`: the cluster that is best at a state, or whose episodes are best"
    )

    @model_validator(mode="after")
    def _one_kind(self) -> AgentParams:
        if (self.offline is None) == (self.clusters is None):
            raise ValueError("needs `offline` or `clusters`, one of them")
        for part in ("improvement", "policies"):
            if self.offline is not None and getattr(self, part) is not None:
                raise ValueError(f"`{part}` goes with `clusters`, not with `offline`")
        if self.improvement is not None and self.policies is not None:
            raise ValueError("`improvement` or `policies`, one of them at most")
        if self.policies is None and self.follow != "high_level":
            raise ValueError("`follow` goes with `policies`")
        return self


class Params(Settings):
    """All of `params.yaml`; the keys that belong to stages are added by `complete`."""

    device: Literal["auto", "cpu", "cuda"] = Field("auto", description="where to train; does not cause reruns")
    native: Literal["auto", False] = Field(
        "auto", description="networks by the native layer where there is a C++ compiler; does not cause reruns"
    )
    seeds: SeedRange = Field(SeedRange(), description="seeds of every training")
    clustering_seeds: SeedRange | None = Field(
        None, description="seeds of clusterings that no agent needs, and of studies of clusterings; null: `seeds`"
    )
    baseline_seeds: SeedRange | None = Field(None, description="seeds of `baselines`; null: `seeds`")
    safe_seeds: SeedRange = Field(
        SeedRange(count=3, block=3), description="seeds of safe methods, each with a policy per cost limit"
    )
    datasets: dict[str, DatasetParams] = Field(min_length=1, description="datasets by name")
    presets: dict[str, dict[str, Values]] = Field({}, description="named overrides of stage settings")
    offline_seeds: SeedRange = Field(
        SeedRange(count=3, block=3), description="seeds of what `snakemake offline_rl` compares"
    )
    embedding_seeds: SeedRange = Field(
        SeedRange(count=3, block=3), description="seeds of what `snakemake embeddings` makes"
    )
    agents: dict[str, AgentParams] = Field({}, description="agents by name")
    offline_comparison: dict[str, list[str]] = Field(
        {}, description="agents that `snakemake offline_rl` compares, by dataset"
    )

    @property
    def all_blocks(self) -> list[str]:
        """Every seed range that jobs may be about."""
        ranges = [getattr(self, key) for key in type(self).model_fields if key.endswith("seeds")]
        return list(dict.fromkeys(block for seeds in ranges if seeds is not None for block in seeds.blocks))

    def block(self, key: str) -> Values:
        """What stands under a key that belongs to a stage, such as its settings or its recipes by name."""
        found: Values = getattr(self, key, {})
        return found

    def grids(self) -> Iterator[tuple[Stage, Keys, Grid]]:
        """Stage, place and contents of every grid."""
        for stage in ROWS:
            for key in stage.grids:
                found = getattr(self, key)
                named = (
                    {(key, name): grid for name, grid in found.items()} if isinstance(found, dict) else {(key,): found}
                )
                yield from ((stage, keys, grid) for keys, grid in named.items() if grid is not None)


def complete() -> type[Params]:
    """`Params` with the keys of the stages, as `stages.params.stages` has them."""
    listed: dict[str, Any] = {
        key: (list[str], Field([], description=text)) for stage in ROWS for key, text in stage.listed.items()
    }
    dataset: Any = create_model("DatasetParams", __base__=DatasetParams, **listed)
    fields: dict[str, Any] = {"datasets": (dict[str, dataset], Params.model_fields["datasets"])}
    for stage in ROWS:
        if stage.description:
            kind = dict[str, Values] if stage.recipes else Values
            fields[stage.name] = (kind, Field({}, description=stage.description))
        for key, text in stage.compared.items():
            fields[key] = (dict[str, list[str]], Field({}, description=text))
        for key, (grid, text) in stage.grids.items():
            fields[key] = (grid, Field(None if type(None) in get_args(grid) else {}, description=text))
    return create_model("Params", __base__=Params, **fields)


PARAMS = complete()


def load(paths: Sequence[Path | str] = (FILE,), extra: Values | None = None) -> tuple[Params, Sources]:
    """Read params files, later ones on top, and `extra` values over all.

    Returns:
        The checked params, and the files' own contents for error messages.

    Raises:
        UserError: A missing or damaged file, an unknown key, a wrong type, a value out of range, an odd name.
    """
    sources = {str(path): read(path) for path in paths}
    merged = reduce(overlaid, [*sources.values(), as_read(extra or {})])
    try:
        params = PARAMS.model_validate(merged)
    except ValidationError as error:
        raise refused(error, PARAMS, sources) from error
    check_spelling(params, sources)
    return params, sources


def overlaid(below: Values, above: Values) -> Values:
    """`below` with the values of `above` on top; mappings are merged, everything else is replaced."""
    merged = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = overlaid(merged[key], value) if both else value
    return merged
