"""What one training job works on: a dataset, a block of seeds, a device, and where to checkpoint."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.networks.encoding import Encoding
from stages.networks.normaliser import Normaliser
from stages.progress import Progress
from stages.provenance import code_hash, fingerprint
from stages.registry import Choice
from stages.seeding import Seeds
from stages.training.checkpoint import Checkpoint, naming_last_good, remove_checkpoints
from stages.training.device import describe, networks_on, pick
from stages.training.draws import Draws
from stages.training.learner import Learner
from stages.training.loop import Loop
from stages.training.metrics import Metrics
from stages.training.rows import Gatherable


@dataclass(frozen=True)
class Job:
    """A dataset and a block of seeds to train on it.

    Attributes:
        output: File the job makes; names the checkpoints. None: no checkpoints.
        fingerprint: Identifies settings, code and inputs, so that a stale checkpoint is not taken up.
        scaling: Scaling of observations and actions where it is not the dataset's own.
    """

    dataset: EpisodeDataset
    seeds: Seeds
    device: torch.device = torch.device("cpu")
    output: str | None = None
    fingerprint: str = ""
    scaling: Normaliser | None = None

    @classmethod
    def of(
        cls,
        stage: str,
        dataset: EpisodeDataset,
        seeds: Seeds,
        device: str,
        output: str,
        inputs: Sequence[str],
        settings: Any,
    ) -> Job:
        """The job of a stage that was called with these arguments.

        Args:
            stage: Module name of the stage.
            dataset: The dataset to work on.
            seeds: Seeds of the block.
            device: ``auto``, ``cpu`` or ``cuda``.
            output: File that the stage makes.
            inputs: All files read, which the checkpoints' validity depends on.
            settings: Settings (or chosen method) of the stage.
        """
        code = code_hash(stage, *([settings.entry.__module__] if isinstance(settings, Choice) else []))
        said = json.dumps(_plain(settings), sort_keys=True)
        return cls(
            dataset, seeds, pick(device), output, fingerprint(stage, code, said, str(list(seeds)), *map(Path, inputs))
        )

    def metadata(self, settings: Any) -> dict[str, Any]:
        """What every trained file says about its making, from the settings (or chosen method) of the stage.

        Times are left to the log, so that equal trainings give equal bytes.
        """
        return {
            "seeds": list(self.seeds),
            "settings": _plain(settings),
            "device": describe(self.device),
            "networks": networks_on(self.device),
            "versions": {"torch": torch.__version__, "numpy": np.__version__, "python": platform.python_version()},
        }

    def finish(self) -> None:
        """The output is complete: forget the checkpoints."""
        if self.output:
            remove_checkpoints(self.output)

    @cached_property
    def normaliser(self) -> Normaliser:
        return Normaliser.of(self.dataset) if self.scaling is None else self.scaling

    def part(self, episodes: Int[np.ndarray, "chosen"], seeds: Seeds | None = None) -> Job:
        """The same on some of the episodes, for all or some of the seeds, in the scaling of all; no checkpoints."""
        seeds, part = self.seeds if seeds is None else seeds, self.dataset.select(episodes)
        return replace(self, dataset=part, seeds=seeds, output=None, scaling=self.normaliser)

    @cached_property
    def observations(self) -> Float[Tensor, "steps observation"]:
        """Normalised observations."""
        return self.normaliser.observations(torch.from_numpy(self.dataset.observations))

    @cached_property
    def encoding(self) -> Encoding:
        """Network inputs of observations in the environment's units."""
        return Encoding.of(self.dataset, self.normaliser)

    @cached_property
    def next_observations(self) -> Float[Tensor, "steps observation"]:
        """Normalised next observations."""
        return self.normaliser.observations(torch.from_numpy(self.dataset.next_observations))

    @cached_property
    def actions(self) -> Float[Tensor, "steps action"]:
        """Normalised actions; the number of a discrete action as one column."""
        return self.normaliser.actions_of(self.dataset)

    def progress(self, label: str, total: int, unit: str = "step") -> Progress:
        """Progress under the name of the job's output, since several jobs may report side by side."""
        if self.output is None:
            return Progress(label, total, unit)
        parts = [part for part in Path(self.output).with_suffix("").parts if part != "results"]
        return Progress(f"{Path(*parts).as_posix()}: {label}", total, unit)

    def train(self, label: str, learner: Learner, rows: Gatherable, draws: Draws, num_steps: int) -> Metrics:
        """Train `learner` with progress under `label`, resuming from its checkpoint if there is one."""
        checkpoint = Checkpoint(label, self.output, self.fingerprint) if self.output else None
        with self.progress(label, num_steps) as progress:
            with naming_last_good(checkpoint):
                return Loop(learner, rows, draws, checkpoint, progress).run(num_steps)


def _plain(settings: Any) -> dict[str, Any]:
    return settings.values if isinstance(settings, Choice) else settings.model_dump(mode="json")
