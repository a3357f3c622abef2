"""Learn which cluster to follow at a state, by implicit Q-learning over clusters.

Example: python -m stages.train_high_level data/generated/navigation.hdf5 clusters.safetensors
             --output high_level.safetensors --settings '{"num_steps": 20000}' --seeds 0-4
"""

from __future__ import annotations

from stages.command import Command
from stages.empo.high_level_settings import HighLevelSettings


def main(dataset: str, clusters: str, output: str, settings: HighLevelSettings, seeds: list[int], device: str) -> None:
    """Read dataset and clusters, train the high-level Q and V for all seeds together, save them."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.clustering.clusters_file import ClustersFile
    from stages.empo.high_level import train_high_level
    from stages.formats.loading import load
    from stages.training.job import Job

    found, episodes = ClustersFile.read(clusters), load(dataset)
    found.require_episodes(episodes.episode_lengths)
    found.require_seeds(seeds)
    job = Job.of("stages.train_high_level", episodes, seeds, device, output, [dataset, clusters], settings)
    high_level = train_high_level(job, found.labels, found.num_clusters, settings)
    high_level.metadata |= job.metadata(settings)
    high_level.save(output)
    job.finish()
    print(f"learnt to choose among {found.num_clusters} clusters for seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file", "clusters": "file made by cluster_trajectories"}
    Command(__doc__, inputs, "high-level policy (safetensors)", HighLevelSettings, seeds=True, device=True).run(main)
