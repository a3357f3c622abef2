"""Cut a dataset with costs into segments, desirable or not under every cost limit.

Example: python -m stages.partition_trajectories data/generated/safe_navigation.hdf5 --output partition.safetensors
             --settings '{"cost_limits": [10, 20, 40], "labels_by": "episode", "segment_ratio": 0.25}'
"""

from __future__ import annotations

from stages.command import Command
from stages.safety.segments.settings import PartitionSettings


def main(dataset: str, output: str, settings: PartitionSettings) -> None:
    """Read the dataset, cut and label it, save which segments are what."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.formats.loading import load
    from stages.safety.segments.partition import partition

    made = partition(load(dataset), settings, place=dataset)
    artifact = made.artifact()
    artifact.metadata["settings"] = settings.model_dump(mode="json")
    artifact.save(output)
    counts = ", ".join(f"{facts['desirable']} under {facts['limit']:g}" for facts in made.facts["limits"])
    print(f"{len(made.segments)} segments of {made.segments.length} steps; desirable: {counts}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file with costs"}
    Command(__doc__, inputs, "partition (safetensors)", PartitionSettings).run(main)
