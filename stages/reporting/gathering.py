"""The files that a summary, a report or a table is made of, recognised by their place and gathered by dataset.

Each family of results says which files it reads (`Source`). Datasets, and within them agents, clusterings and the like,
keep the order in which their files were given; blocks of seeds are joined.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from stages.errors import UserError
from stages.made_files import reading
from stages.paths import Place

Part = TypeVar("Part")


@dataclass(frozen=True)
class Found:
    """What was read from one file, with the wildcards of its place."""

    wildcards: Mapping[str, str]
    contents: Any


def last(found: Sequence[Found]) -> Any:
    """The contents of a file of which there is one for each dataset."""
    return found[-1].contents


def every(found: Sequence[Found]) -> list[Any]:
    """The rows of all files, one after the other."""
    return [row for file in found for row in file.contents]


def by_name(wildcard: str, join: Callable[[Sequence[Any]], Any]) -> Callable[[Sequence[Found]], dict[str, Any]]:
    """Files by a wildcard such as the agent; those of one name are joined."""

    def joined(found: Sequence[Found]) -> dict[str, Any]:
        parts: dict[str, list[Any]] = {}
        for file in found:
            parts.setdefault(file.wildcards[wildcard], []).append(file.contents)
        return {name: join(blocks) for name, blocks in parts.items()}

    return joined


@dataclass(frozen=True)
class Source:
    """Files that become one field of a family's results.

    Attributes:
        part: Dataclass of the family's results of one dataset, each field with a default.
        field: The field.
        places: Where such files lie.
        read: Reads one of them.
        gather: Makes the field out of all of a dataset, in the order in which they were given.
    """

    part: type[Any]
    field: str
    places: tuple[Place, ...]
    read: Callable[[Path], Any]
    gather: Callable[[Sequence[Found]], Any] = last

    def wildcards(self, path: Path) -> dict[str, str] | None:
        """Those of `path`; None where it is no such file."""
        return next((found for place in self.places if (found := place.read(path)) is not None), None)


@dataclass(frozen=True)
class DatasetResults:
    """Everything that is known about one dataset, by family."""

    name: str
    parts: Mapping[type[Any], Any] = field(default_factory=dict)

    def of(self, part: type[Part]) -> Part:
        """The results of one family: the only way from one section to the results of another."""
        return self.parts[part] if part in self.parts else part()


class Collection(dict[str, DatasetResults]):
    """Results by dataset, and what is about no dataset in particular."""

    shared: DatasetResults = DatasetResults("")


def gather(files: Iterable[str], sources: Sequence[Source]) -> Collection:
    """Read `files`, each once however often it is named, and group them by dataset.

    Raises:
        UserError: A file is missing, damaged, or in a place that says nothing.
    """
    found: dict[str, dict[int, list[Found]]] = {}
    for path in dict.fromkeys(map(Path, files)):
        recognised = {
            i: wildcards for i, source in enumerate(sources) if (wildcards := source.wildcards(path)) is not None
        }
        if not recognised and path.suffix != ".tsv":  # jobs of stages that others read leave times, too
            expected = dict.fromkeys(place.split("{")[0] for source in sources for place in source.places)
            remedy = f"Expected one of {', '.join(sorted(expected))}"
            raise UserError("its folder does not say what it is", place=str(path), remedy=remedy)
        if not path.is_file():
            raise UserError("no such file", place=str(path), remedy="Run `snakemake` to make it")
        for i, wildcards in recognised.items():
            of_dataset = found.setdefault(wildcards.get("dataset", ""), {})
            with reading(path):
                contents = sources[i].read(path)
            of_dataset.setdefault(i, []).append(Found(wildcards, contents))
    collection = Collection({name: _assembled(name, read, sources) for name, read in found.items()})
    collection.shared = collection.pop("", collection.shared)
    return collection


def gather_one(files: Iterable[str], sources: Sequence[Source]) -> DatasetResults:
    """Read `files`, which have to be about one dataset; see `gather`.

    Raises:
        UserError: They are about none or several, or see there.
    """
    collection = gather(files, sources)
    if len(collection) != 1:
        raise UserError(f"files of {len(collection)} datasets: {', '.join(collection)}", remedy="Give those of one")
    return next(iter(collection.values()))


def _assembled(name: str, read: Mapping[int, Sequence[Found]], sources: Sequence[Source]) -> DatasetResults:
    fields: dict[type[Any], dict[str, Any]] = {}
    for i, found in read.items():
        fields.setdefault(sources[i].part, {})[sources[i].field] = sources[i].gather(found)
    return DatasetResults(name, {part: part(**values) for part, values in fields.items()})
