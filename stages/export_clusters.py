"""Export the clusters that one seed found as native dataset files, which any offline-RL tool can read as D4RL files.

Inputs: a dataset and clusters of its episodes. Output: a manifest (JSON), which says how sure the clusters are, and
beside it the files that it lists: one for each cluster that has episodes (cluster-0.hdf5, cluster-1.hdf5 ...), or with
`form` "labels" the whole dataset with the clusters found as its behaviour policies (labelled.hdf5). Files that an
earlier manifest lists and this one does not are removed.

Example: python -m stages.export_clusters data/generated/diagonal.hdf5
         results/clusters/diagonal/em/seeds-0-4.safetensors --output results/exported/diagonal/manifest.json
         --settings '{"seed": 3}'
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Int
from pydantic import Field

from stages.command import Command
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.recordings import recording_of_episode, said_of
from stages.diagnosis.found_clusters import FoundClusters, read_clusters
from stages.errors import UserError
from stages.formats.loading import load
from stages.formats.native import write_native
from stages.replacing import is_among, replacing
from stages.settings import Settings


class ExportSettings(Settings):
    """What is exported, and how."""

    seed: int | None = Field(None, ge=0, description="seed whose clusters are exported; null: the first of the file")
    form: Literal["files", "labels"] = Field(
        "files", description="files: one for each cluster; labels: one, with the clusters as behaviour policies"
    )


def main(dataset: str, clusters: str, output: str, settings: ExportSettings) -> None:
    """Read the clusters of one seed, write the files, then the manifest that lists them."""
    episodes = load(dataset)
    found = _of_seed(read_clusters(clusters, episodes), settings.seed, clusters)
    parts = {part.name: part for part in (by_cluster if settings.form == "files" else labelled)(episodes, found)}
    earlier = _listed(output)
    if clashing := [name for name in parts if is_among(Path(output).with_name(name), (dataset, clusters))]:
        raise UserError(f"{clashing[0]} would be an input as well", place=output, remedy="Export to another folder")
    for name, part in parts.items():
        write_native(Path(output).with_name(name), part.dataset)
    sizes = np.bincount(found.labels, minlength=found.num_clusters)
    manifest: dict[str, Any] = {
        "dataset": dataset,
        "clusters": clusters,
        "seed": found.seed,
        "clustering": found.settings,
        "certainty": found.certainty,
        "empty_clusters": np.flatnonzero(sizes == 0).tolist(),
        "files": {name: _facts(part, found) for name, part in parts.items()},
    }
    with replacing(output) as temporary:
        temporary.write_text(json.dumps(manifest, indent=2) + "\n")
    for name in earlier - set(parts):
        Path(output).with_name(name).unlink(missing_ok=True)
    for verdict in found.certainty.get("verdicts", []):
        print(verdict)
    for cluster in manifest["empty_clusters"]:
        print(f"cluster {cluster} has no episodes and is left out")
    print(f"saved {', '.join(parts)} and {output}")


@dataclass(frozen=True)
class Part:
    """One file: its name, which of the dataset's episodes are in it, and what is written."""

    name: str
    episodes: Int[np.ndarray, "chosen"]
    dataset: EpisodeDataset


def by_cluster(dataset: EpisodeDataset, found: FoundClusters) -> Iterator[Part]:
    """Each cluster that has episodes; the true policies are kept where known."""
    recording = recording_of_episode(dataset)
    for cluster in np.unique(found.labels).tolist():
        episodes = np.flatnonzero(found.labels == cluster)
        order = said_of([None if recording is None else recording[episodes]])
        attributes = _attributes(dataset, found, cluster=cluster) | order
        yield Part(f"cluster-{cluster}.hdf5", episodes, replace(dataset.select(episodes), attributes=attributes))


def labelled(dataset: EpisodeDataset, found: FoundClusters) -> Iterator[Part]:
    """The whole dataset with the clusters in the place of the true policies."""
    names = tuple(f"cluster {cluster}" for cluster in range(found.num_clusters))
    attributes = _attributes(dataset, found)
    yield Part(
        "labelled.hdf5",
        np.arange(dataset.num_episodes),
        replace(dataset, behaviour_policy=found.labels, behaviour_policy_names=names, attributes=attributes),
    )


def _attributes(dataset: EpisodeDataset, found: FoundClusters, **more: int) -> dict[str, str]:
    """Provenance; what was known of the true policies together no longer holds."""
    kept = {name: text for name, text in dataset.attributes.items() if name != "oracle_ceiling"}
    return kept | {"clustering": json.dumps(found.settings | {"seed": found.seed} | more, sort_keys=True)}


def _of_seed(found: list[FoundClusters], seed: int | None, place: str) -> FoundClusters:
    chosen = [clusters for clusters in found if seed in (None, clusters.seed)]
    if not chosen:
        seeds = ", ".join(str(clusters.seed) for clusters in found)
        raise UserError(f"has no seed {seed}", place=place, remedy=f"It has {seeds}")
    return chosen[0]


def _listed(manifest: str) -> set[str]:
    """Files that an earlier export left; none if there is no manifest of one."""
    try:
        return {name for name in json.loads(Path(manifest).read_text())["files"] if name == Path(name).name}
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _facts(part: Part, found: FoundClusters) -> dict[str, Any]:
    """Which episodes of the dataset, sizes, return, and how likely each is to be of another cluster, to four digits."""
    dataset, ambiguity = part.dataset, found.ambiguity
    return {
        "episodes": dataset.num_episodes,
        "episode_numbers": part.episodes.tolist(),
        "steps": dataset.num_steps,
        "mean_return": float(dataset.episode_returns.mean()),
        "ambiguity": None if ambiguity is None else ambiguity[part.episodes].round(4).tolist(),
    }


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file", "clusters": "clusters (safetensors)"}
    Command(__doc__, inputs, "manifest (JSON); the exported files lie beside it", ExportSettings).run(main)
