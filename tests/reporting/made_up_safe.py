"""Made-up results of safe agents, in the layouts that the stages write."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from stages.artifacts import Artifact, save_arrays
from stages.datasets.episodes import EpisodeDataset
from stages.environments.safe_navigation import SafeNavigationSettings
from stages.formats.native import write_native
from stages.generators.safe_navigation import SafeNavigationBehavioursSettings, generate
from stages.safety.segments.partition import partition
from stages.safety.segments.settings import PartitionSettings

LIMITS = (10.0, 20.0, 40.0)
WORST, BEST = -282.0, -104.0  # of safe navigation


def navigation_file(folder: Path) -> tuple[str, EpisodeDataset]:
    """A few episodes of every behaviour of safe navigation."""
    settings = SafeNavigationBehavioursSettings(steps_per_behaviour=200)
    attributes = {
        "generator": settings.model_dump_json(),
        "environment_settings": SafeNavigationSettings().model_dump_json(),
    }
    dataset = replace(generate(settings), attributes=attributes)
    return dataset_file(folder, "safe_navigation", dataset), dataset


def other_file(folder: Path, name: str, environment: str) -> str:
    """Ten episodes of one step with returns 0, 1, ... 9 that cost ten times as much."""
    returns = np.arange(10, dtype=np.float32)
    dataset = EpisodeDataset(
        observations=np.zeros((10, 11), dtype=np.float32),
        actions=np.zeros((10, 3), dtype=np.float32),
        rewards=returns,
        terminations=np.ones(10, dtype=bool),
        truncations=np.zeros(10, dtype=bool),
        next_observations=np.zeros((10, 11), dtype=np.float32),
        environment=environment,
        costs=10 * returns,
    )
    return dataset_file(folder, name, dataset)


def dataset_file(folder: Path, name: str, dataset: EpisodeDataset) -> str:
    path = folder / f"data/generated/{name}.hdf5"
    write_native(path, dataset)
    return str(path)


def rollouts_file(
    folder: Path,
    dataset: str,
    agent: str,
    seeds: list[int],
    rewards: tuple[float, ...],
    costs: tuple[float, ...],
    limits: tuple[float, ...] = LIMITS,
    drawn: bool = False,
) -> str:
    """Rollouts of two episodes around given means under every limit.

    Args:
        folder: Where results go.
        dataset: Name of the dataset.
        agent: Name of the agent.
        seeds: Seed s is 0.1 s better than the first, and costs as much more as a tenth of the limit, times s.
        rewards: On the scale of safe navigation, 0 to 1, one per limit; the two episodes lie 0.05 to either side.
        costs: As multiples of the limit, one per limit; the two episodes lie half a limit to either side.
        limits: The cost limits.
        drawn: Whether there are paths, from the start to the goal.
    """
    seed = np.array(seeds)[:, None, None]
    apart = np.array([-1.0, 1.0])
    reward = np.array(rewards)[:, None] + 0.1 * seed + 0.05 * apart
    cost = np.array(limits)[:, None] * (np.array(costs)[:, None] + 0.1 * seed + 0.5 * apart)
    steps = 12 if drawn else 0
    straight = np.linspace(0, 20, steps)[:, None].repeat(2, axis=1).astype(np.float32)
    path = folder / f"results/safe_evaluation/{dataset}/{agent}/seeds-{seeds[0]}-{seeds[-1]}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    arrays = {
        "seeds": np.array(seeds),
        "limits": np.array(limits),
        "returns": WORST + (BEST - WORST) * reward,
        "costs": cost,
        "lengths": np.full(cost.shape, 150),
        "terminated": np.ones(cost.shape, dtype=bool),
        "paths": np.broadcast_to(straight, (len(seeds), len(limits), 2 * drawn, steps, 2)),
    }
    save_arrays(path, arrays)
    return str(path)


def partition_file(folder: Path, dataset: EpisodeDataset, labels_by: str) -> str:
    """A partition of safe navigation into labelled segments."""
    settings = PartitionSettings(segment_ratio=0.25, labels_by=labels_by)
    artifact = partition(dataset, settings).artifact()
    artifact.metadata["settings"] = settings.model_dump(mode="json")
    path = folder / f"results/partitions/safe_navigation/by_{labels_by}.safetensors"
    artifact.save(path)
    return str(path)


def policies_file(folder: Path, agent: str, seeds: list[int]) -> str:
    """Trained policies, as far as the report looks at them: the losses."""
    steps = torch.arange(0, 500, 100)
    losses = torch.exp(-steps / 200)[:, None, None].repeat(1, len(seeds), len(LIMITS))
    tensors = {"metrics/classification/steps": steps, "metrics/classification/values": losses}
    path = folder / f"results/safe/safe_navigation/{agent}/seeds-{seeds[0]}-{seeds[-1]}.safetensors"
    Artifact(tensors, {"kind": "safe", "method": agent, "seeds": seeds, "limits": list(LIMITS)}).save(path)
    return str(path)
