"""Value the clusters' policies: Q by SARSA, V by regression on returns.

Example: python -m stages.train_critics data/generated/navigation.hdf5 clusters.safetensors --output critics.safetensors
             --settings '{"q_steps": 50000}' --seeds 0-4
"""

from __future__ import annotations

from stages.command import Command
from stages.empo.critic_settings import CriticSettings


def main(dataset: str, clusters: str, output: str, settings: CriticSettings, seeds: list[int], device: str) -> None:
    """Read dataset and clusters, train both critics for all seeds together, save them."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.algorithms.requirements import require_differing_rewards
    from stages.clustering.clusters_file import ClustersFile
    from stages.empo.critics import train_critics
    from stages.formats.loading import load
    from stages.training.job import Job

    found, episodes = ClustersFile.read(clusters), load(dataset)
    require_differing_rewards(episodes)
    found.require_episodes(episodes.episode_lengths)
    found.require_seeds(seeds)
    job = Job.of("stages.train_critics", episodes, seeds, device, output, [dataset, clusters], settings)
    critics = train_critics(job, found.labels, found.num_clusters, settings)
    critics.metadata |= job.metadata(settings)
    critics.save(output)
    job.finish()
    print(f"valued {found.num_clusters} clusters for seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file", "clusters": "file made by cluster_trajectories"}
    Command(__doc__, inputs, "critics (safetensors)", CriticSettings, seeds=True, device=True).run(main)
