"""Embed a dataset's episodes: fit a trajectory embedding to the training episodes, then apply it to all.

Example: python -m stages.embed_trajectories data/generated/navigation.hdf5 --output embeddings.safetensors
             --settings '{"method": "summary"}' --seeds 0-4
"""

from __future__ import annotations

from stages.command import Command
from stages.embeddings import EMBEDDINGS
from stages.registry import Choice


def main(dataset: str, given: str | None, output: str, settings: Choice, seeds: list[int], device: str) -> None:
    """Read the dataset (and what the method needs besides), fit, embed all episodes, save both."""
    # Loaded here, so that the command line needs the names of the methods alone.
    import numpy as np

    from stages.artifacts import Artifact
    from stages.datasets.requirements import require
    from stages.embeddings.contract import fit
    from stages.embeddings.embeddings_file import EmbeddingsFile
    from stages.embeddings.split import training_episodes
    from stages.formats.loading import load
    from stages.training.job import Job

    episodes = load(dataset)
    require(episodes, place=dataset)
    training = training_episodes(episodes, settings.settings)
    ingredient = None if given is None else Artifact.load(given)
    inputs = [dataset] if given is None else [dataset, given]
    learnt_from = episodes.select(np.flatnonzero(training))
    job = Job.of("stages.embed_trajectories", learnt_from, seeds, device, output, inputs, settings)
    embedder = fit(job, settings, ingredient)
    made = EmbeddingsFile.contents(embedder, settings, episodes, training, **job.metadata(settings))
    made.save(output)
    job.finish()
    width = made.tensors["embeddings"].shape[-1]
    print(f"embedded {episodes.num_episodes} episodes ({training.sum()} learnt from) in {width} numbers, seeds {seeds}")
    for remark in embedder.remarks:
        print(remark)


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file"}
    options = {"given": "skills, for methods that read them"}
    Command(__doc__, inputs, "embeddings (safetensors)", EMBEDDINGS, options, seeds=True, device=True).run(main)
