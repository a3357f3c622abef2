"""Episodes of two authors who do opposite things at a state, imitated from the file to the agent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.embed_trajectories import main as embed
from stages.embeddings import EMBEDDINGS
from stages.embeddings.imitation import IMITATORS
from stages.formats.native import write_native
from stages.imitate import main
from tests.smallest import smallest_choice
from tests.synthetic import two_policies

SETTINGS = {"num_steps": 300, "hidden_sizes": (16,), "learning_rate": 1e-2, "batch_size": 64}


def imitated(
    folder: Path, method: str, dataset: EpisodeDataset | None = None, given: bool = True, **changes: Any
) -> Artifact:
    """An imitator of both authors that is told the true level, or nothing, for two seeds."""
    data, made, output = (str(folder / name) for name in ("two.hdf5", "made.safetensors", "imitator.safetensors"))
    write_native(data, two_policies(40, steps=20) if dataset is None else dataset)
    if given:
        embed(data, None, made, smallest_choice(EMBEDDINGS, "true_level"), [0, 1], "cpu")
    choice = IMITATORS.choose({"method": method, **SETTINGS, **changes})
    main(data, made if given else None, output, choice, [0, 1], "cpu")
    return Artifact.load(output)


def actions(artifact: Artifact, level: int) -> torch.Tensor:
    """What both seeds' agents do at some states when they follow a level, three rollouts each."""
    agent = load_agent([artifact])
    agent.begin(Conditions(torch.tensor([0, 1]).repeat_interleave(3), clusters=torch.full((6,), level)))
    states = torch.from_numpy(two_policies(2, steps=3, seed=5).observations)
    found = agent.act(states)
    assert agent.followed.tolist() == [level] * 6
    return found
