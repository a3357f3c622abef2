"""Train a safe offline method, for all cost limits and seeds together.

Example: python -m stages.train_safe data/generated/safe_navigation.hdf5 --partition partition.safetensors
             --output trac.safetensors --settings '{"method": "trac", "num_steps": 2000}' --seeds 0-2
"""

from __future__ import annotations

from stages.artifacts import Artifact
from stages.command import Command
from stages.datasets.loading import load
from stages.datasets.requirements import require
from stages.registry import SAFETY, Choice
from stages.safety.base import train_safe
from stages.safety.partition import Partition
from stages.training.job import Job


def main(dataset: str, partition: str | None, output: str, settings: Choice, seeds: list[int], device: str) -> None:
    """Read the dataset (and the partition, for methods that learn from labels), train, save the policies."""
    episodes = load(dataset)
    require(episodes, costs=True, place=dataset)
    labelled = None if partition is None else Partition.load(Artifact.load(partition))
    inputs = [dataset] if partition is None else [dataset, partition]
    job = Job.of("stages.train_safe", episodes, seeds, device, output, inputs, settings)
    trained = train_safe(job, settings, labelled)
    trained.save(output)
    job.finish()
    limits = ", ".join(f"{limit:g}" for limit in trained.metadata["limits"])
    print(f"trained {settings.method} for seeds {seeds} under the cost limits {limits}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file with costs"}
    options = {"partition": "file of partition_trajectories, for methods that learn from labelled segments"}
    Command(__doc__, inputs, "policies (safetensors)", SAFETY, options, seeds=True, device=True).run(main)
