"""Improve the clusters' policies.

Example: python -m stages.improve_clusters data/generated/navigation.hdf5 clusters.safetensors critics.safetensors
             --output improved.safetensors --settings '{"method": "ppo", "num_epochs": 10}' --seeds 0-4
"""

from __future__ import annotations

from stages.command import Command
from stages.empo import IMPROVEMENT
from stages.registry import Choice


def main(
    dataset: str, clusters: str, critics: str, output: str, settings: Choice, seeds: list[int], device: str
) -> None:
    """Read dataset, clusters and critics, improve all clusters of all seeds, save the policies."""
    # Loaded here, so that the command line needs the names of the methods alone.
    from stages.artifacts import Artifact
    from stages.empo.improvement import check_fit, improve
    from stages.formats.loading import load
    from stages.training.job import Job

    inputs = [dataset, clusters, critics]
    found, valued, episodes = Artifact.load(clusters, "clusters"), Artifact.load(critics, "critics"), load(dataset)
    check_fit(found, valued, episodes, seeds)
    job = Job.of("stages.improve_clusters", episodes, seeds, device, output, inputs, settings)
    improved = improve(job, found, valued, settings)
    improved.metadata |= job.metadata(settings)
    improved.save(output)
    job.finish()
    print(f"improved the policies of seeds {seeds}")


if __name__ == "__main__":
    inputs = {
        "dataset": "native dataset file",
        "clusters": "file made by cluster_trajectories",
        "critics": "file made by train_critics",
    }
    Command(__doc__, inputs, "improved policies (safetensors)", IMPROVEMENT, seeds=True, device=True).run(main)
