"""Probe embeddings: what simple models read off them about episodes that nothing was learnt from.

Example: python -m stages.probe_embeddings data/generated/hopper-levels.hdf5 --embeddings vte.safetensors
             --output probes.json --settings '{"beginnings": [20, 100]}'
"""

from __future__ import annotations

from stages.command import Command
from stages.embeddings.probing.settings import ProbeSettings


def main(dataset: str, embeddings: str, output: str, settings: ProbeSettings) -> None:
    """Read dataset and embeddings, probe them, save every score by seed."""
    # Loaded here, so that the command line needs the settings alone.
    import json

    import numpy as np

    from stages.artifacts import Artifact
    from stages.embeddings.contract import load_embedder
    from stages.embeddings.embeddings_file import EmbeddingsFile
    from stages.embeddings.probing.report import Probes
    from stages.formats.loading import load
    from stages.replacing import replacing

    episodes, found = load(dataset), EmbeddingsFile.read(embeddings)
    found.require_episodes(episodes.num_episodes)
    embedder = load_embedder(Artifact.load(embeddings))
    probes = Probes(episodes, found.training, settings)
    scores = probes.scores(embedder, found.embeddings)
    plain = {name: [None if np.isnan(score) else score for score in of_seeds] for name, of_seeds in scores.items()}
    facts = {"seeds": found.seeds, "method": found.settings["method"], "remarks": found.remarks}
    with replacing(output) as temporary:
        temporary.write_text(json.dumps({**facts, "scores": plain}, indent=1))
    for name in ("linear: level accuracy", "linear: return R2", "linear: return R2 within levels"):
        print(f"{name} {np.mean(scores[name]):.3f}")
    for note in probes.notes:
        print(note)


if __name__ == "__main__":
    options = {"embeddings": "file of stages.embed_trajectories"}
    Command(
        __doc__, {"dataset": "native dataset file with true policies"}, "scores (JSON)", ProbeSettings, options
    ).run(main)
