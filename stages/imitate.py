"""Train an imitator: a policy that is told the embedding of an episode and acts as its author.

Example: python -m stages.imitate data/generated/hopper-levels.hdf5 --given embeddings.safetensors
             --output imitator.safetensors --settings '{"method": "conditional_bc"}' --seeds 0-2
"""

from __future__ import annotations

from stages.command import Command
from stages.embeddings.imitation import IMITATORS
from stages.registry import Choice


def main(dataset: str, given: str | None, output: str, settings: Choice, seeds: list[int], device: str) -> None:
    """Read dataset and embeddings, imitate the training episodes, save policies and what they are told in rollouts."""
    # Loaded here, so that the command line needs the names of the methods alone.
    import numpy as np

    from stages.clustering.contract import EMBEDDING
    from stages.datasets.requirements import require_continuous
    from stages.embeddings.embedded_episodes import EmbeddedEpisodes
    from stages.embeddings.imitation.contract import imitated
    from stages.embeddings.split import training_episodes
    from stages.formats.loading import load
    from stages.ingredients import require_ingredient
    from stages.training.job import Job

    episodes = load(dataset)
    require_continuous(episodes, settings.method)
    require_ingredient(settings, None if given is None else EMBEDDING.kind)
    if given is None:
        training = training_episodes(episodes, settings.settings)
        vectors = np.zeros((len(seeds), episodes.num_episodes, 0))
    else:
        embedded = EmbeddedEpisodes.read(given, episodes, seeds)
        training, vectors = embedded.file.training, embedded(episodes)
    inputs = [dataset] if given is None else [dataset, given]
    learnt_from = episodes.select(np.flatnonzero(training))
    job = Job.of("stages.imitate", learnt_from, seeds, device, output, inputs, settings)
    imitator = settings.entry(job, settings.settings, vectors[:, training])
    made = imitated(imitator, episodes, training, vectors)
    made.metadata |= job.metadata(settings)
    made.save(output)
    job.finish()
    right, wrong = (float(made.tensors[f"likelihood/{kind}"].mean()) for kind in ("right", "wrong"))
    print(f"unseen actions: {right:.3f} nats each, told the embedding of another level {wrong:.3f}, seeds {seeds}")


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file with true policies"}
    options = {"given": "embeddings, for imitators that are told them"}
    Command(__doc__, inputs, "policies (safetensors)", IMITATORS, options, seeds=True, device=True).run(main)
