"""Cluster a dataset's episodes by the policy that made them.

Example: python -m stages.cluster_trajectories data/generated/navigation.hdf5 --output clusters.safetensors
             --settings '{"method": "em", "num_clusters": 2}' --seeds 0-4
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stages.clustering import CLUSTERING
from stages.command import Command
from stages.registry import Choice

NOT_KNOWN = "how probable is not known: not evidence alone settled it"


def main(dataset: str, output: str, settings: Choice, seeds: list[int], device: str, given: str | None = None) -> None:
    """Read the dataset (and its embedding, for methods that cluster one), cluster, save labels and policies."""
    # Loaded here, so that the command line needs the names of the methods alone.
    from stages.clustering.certainty.verdicts import certainties
    from stages.clustering.clusters_file import fingerprint_of
    from stages.clustering.contract import EMBEDDING, no_vectors
    from stages.datasets.requirements import require
    from stages.embeddings.embedded_episodes import EmbeddedEpisodes
    from stages.formats.loading import load
    from stages.formats.report import Report
    from stages.formats.wild_values import wild_values
    from stages.ingredients import require_ingredient
    from stages.training.job import Job

    episodes, report = load(dataset), Report(dataset)
    wild_values(episodes, report)  # told here, too: what one slip does to clusters looks like a finding
    report.refuse()
    for note in report.notes:
        print(note)
    require(episodes, num_clusters=settings.settings.num_clusters or 1, place=dataset)
    require_ingredient(settings, None if given is None else EMBEDDING.kind)
    vectors = no_vectors if given is None else EmbeddedEpisodes.read(given, episodes, seeds)
    inputs = [dataset] if given is None else [dataset, given]
    job = Job.of("stages.cluster_trajectories", episodes, seeds, device, output, inputs, settings)
    clustering = settings.entry(job, settings.settings, vectors).fit()
    certainty = certainties(episodes, clustering, free=settings.settings.num_clusters is None)
    lengths = fingerprint_of(episodes.episode_lengths)
    clustering.artifact(**job.metadata(settings), certainty=certainty, lengths=lengths).save(output)
    job.finish()
    sizes = clustering.sizes()
    print(f"clustered {episodes.num_episodes} episodes for seeds {seeds}; cluster sizes {sizes}")
    given_number = settings.settings.num_clusters
    for line in shortfalls(given_number, seeds, sizes) if given_number else numbers_found(seeds, sizes, certainty):
        print(line)
    for seed, of_seed in zip(seeds, certainty, strict=True):
        for verdict in of_seed["verdicts"]:
            print(f"seed {seed}: {verdict}")


def numbers_found(seeds: list[int], sizes: list[list[int]], certainty: list[dict[str, Any]]) -> Iterator[str]:
    """A line for each seed: how many clusters it found, and how probable that is, as far as it is known."""
    from stages.clustering.certainty.verdicts import rounded  # loaded here, as in `main`

    for seed, of_seed, sure in zip(seeds, sizes, certainty, strict=True):
        number = sum(size > 0 for size in of_seed)
        probability = {int(other): rounded(value) for other, value in sure["probability"].items()}
        others = ", ".join(f"{other}: {value}" for other, value in probability.items() if other != number)
        probable = f"probability {probability[number]} ({others})" if others else NOT_KNOWN
        yield f"seed {seed}: {number} {'cluster' if number == 1 else 'clusters'}, {probable}"


def shortfalls(num_clusters: int | None, seeds: list[int], sizes: list[list[int]]) -> list[str]:
    """A line for each seed that was told a number of clusters and found fewer; none where the number was free."""
    found = [sum(size > 0 for size in of_seed) for of_seed in sizes]
    return [
        f"seed {seed}: told {num_clusters} clusters, found {number}"
        for seed, number in zip(seeds, found, strict=True)
        if num_clusters is not None and number < num_clusters
    ]


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file"}
    options = {"given": "embedding, for methods that cluster one"}
    Command(__doc__, inputs, "clusters (safetensors)", CLUSTERING, options, seeds=True, device=True).run(main)
