"""Train a safe offline method, for all cost limits and seeds together.

Example: python -m stages.train_safe data/generated/safe_navigation.hdf5 --given partition.safetensors
             --output trac.safetensors --settings '{"method": "trac", "num_steps": 2000}' --seeds 0-2
"""

from __future__ import annotations

from stages.command import Command
from stages.registry import Choice
from stages.safety import SAFETY


def main(dataset: str, given: str | None, output: str, settings: Choice, seeds: list[int], device: str) -> None:
    """Read the dataset (and the partition or clusters, for methods that need them), train, save the policies."""
    # Loaded here, so that the command line needs the names of the methods alone.
    from stages.artifacts import Artifact
    from stages.datasets.requirements import require
    from stages.formats.loading import load
    from stages.safety.contract import train_safe
    from stages.training.job import Job

    episodes = load(dataset)
    require(episodes, costs=True, place=dataset)
    ingredient = None if given is None else Artifact.load(given)
    inputs = [dataset] if given is None else [dataset, given]
    job = Job.of("stages.train_safe", episodes, seeds, device, output, inputs, settings)
    trained = train_safe(job, settings, ingredient)
    trained.save(output)
    job.finish()
    limits = ", ".join(f"{limit:g}" for limit in trained.metadata["limits"])
    print(f"trained {settings.method} for seeds {seeds} under the cost limits {limits}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file with costs"}
    options = {"given": "partition or clusters, for methods that learn from them"}
    Command(__doc__, inputs, "policies (safetensors)", SAFETY, options, seeds=True, device=True).run(main)
