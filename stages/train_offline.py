"""Train an offline-RL algorithm on the whole dataset, without clusters.

Example: python -m stages.train_offline data/generated/navigation.hdf5 --output td3_bc.safetensors
             --settings '{"method": "td3_bc", "num_steps": 20000}' --seeds 0-4
"""

from __future__ import annotations

from stages.algorithms import ALGORITHMS
from stages.command import Command
from stages.registry import Choice


def main(dataset: str, output: str, settings: Choice, seeds: list[int], device: str) -> None:
    """Read the dataset, train the algorithm for all seeds together, save its policies."""
    # Loaded here, so that the command line needs the names of the methods alone.
    from stages.algorithms.contract import train_offline
    from stages.formats.loading import load
    from stages.training.job import Job

    job = Job.of("stages.train_offline", load(dataset), seeds, device, output, [dataset], settings)
    trained = train_offline(job, settings)
    trained.metadata |= job.metadata(settings)
    trained.save(output)
    job.finish()
    print(f"trained {settings.method} for seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file"}
    Command(__doc__, inputs, "policies (safetensors)", ALGORITHMS, seeds=True, device=True).run(main)
