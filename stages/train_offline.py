"""Train an offline-RL algorithm on the whole dataset, or once per cluster.

Example: python -m stages.train_offline data/generated/navigation.hdf5 --output td3_bc.safetensors
             --settings '{"method": "td3_bc", "num_steps": 20000}' --seeds 0-4
"""

from __future__ import annotations

from stages.algorithms import ALGORITHMS
from stages.command import Command
from stages.registry import Choice


def main(
    dataset: str, output: str, settings: Choice, seeds: list[int], device: str, clusters: str | None = None
) -> None:
    """Read the dataset, train the algorithm for all seeds together, save its policies."""
    # Loaded here, so that the command line needs the names of the methods alone.
    from stages.algorithms.by_cluster import train_by_cluster
    from stages.algorithms.contract import train_offline
    from stages.clustering.clusters_file import ClustersFile
    from stages.formats.loading import load
    from stages.training.job import Job

    inputs = [dataset] if clusters is None else [dataset, clusters]
    job = Job.of("stages.train_offline", load(dataset), seeds, device, output, inputs, settings)
    if clusters is None:
        trained = train_offline(job, settings)
    else:
        found = ClustersFile.read(clusters)
        found.require_episodes(job.dataset.episode_lengths)
        trained = train_by_cluster(job, found.labels, found.num_clusters, settings)
    trained.metadata |= job.metadata(settings)
    trained.save(output)
    job.finish()
    print(f"trained {settings.method} for seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file"}
    options = {"clusters": "file made by cluster_trajectories: a policy for each of its clusters"}
    Command(__doc__, inputs, "policies (safetensors)", ALGORITHMS, options, seeds=True, device=True).run(main)
