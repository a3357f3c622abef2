"""Extract skills from a dataset's episodes: what they are, and where one ends and the next begins.

Example: python -m stages.extract_skills data/generated/navigation.hdf5 --output skills.safetensors
             --settings '{"num_skills": 10, "compress_steps": 1000}' --seeds 0-4
"""

from __future__ import annotations

from stages.command import Command
from stages.embeddings.skills.settings import LoveSettings


def main(dataset: str, output: str, settings: LoveSettings, seeds: list[int], device: str) -> None:
    """Read the dataset, learn skills from the training episodes, save them."""
    # Loaded here, so that the command line needs the settings alone.
    import numpy as np

    from stages.datasets.requirements import require
    from stages.embeddings.love import extract
    from stages.embeddings.split import training_episodes
    from stages.formats.loading import load
    from stages.training.job import Job

    episodes = load(dataset)
    require(episodes, place=dataset)
    training = training_episodes(episodes, settings)
    learnt_from = episodes.select(np.flatnonzero(training))
    job = Job.of("stages.extract_skills", learnt_from, seeds, device, output, [dataset], settings)
    skills = extract(job, settings)
    skills.metadata |= job.metadata(settings)
    skills.save(output)
    job.finish()
    last = {name: skills.tensors[f"metrics/{name}/values"][-1].mean() for name in skills.metadata["losses"]}
    print(f"learnt skills from {training.sum()} episodes for seeds {seeds}")
    if short := int((learnt_from.episode_lengths < settings.least_length).sum()):
        print(f"{short} of them are shorter than a skill lasts at least, {settings.least_length} steps")
    print("; ".join(f"{name} {value:.3g}" for name, value in last.items()))


if __name__ == "__main__":
    Command(
        __doc__, {"dataset": "native dataset file"}, "skills (safetensors)", LoveSettings, seeds=True, device=True
    ).run(main)
