"""Exact resume: everything a learner holds, saved now and then, taken up again after a kill.

A checkpoint belongs to one output file and one fingerprint (settings, seeds, code and data that made it); with another
fingerprint it is ignored. It is removed when the output is complete.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors import safe_open

from stages.artifacts import save_tensors
from stages.training.metrics import Diverged

if TYPE_CHECKING:
    from stages.training.learner import Learner
    from stages.training.metrics import Metrics

FOLDER = Path(".checkpoints")


class Checkpoint:
    """Saves and restores one learner.

    Args:
        name: Distinguishes the learners of one job.
        output: The file the job makes; the checkpoint lies in `.checkpoints/` under the same path.
        fingerprint: Text that identifies settings, seeds, code and inputs.
        every_seconds: Least time between two saves.
    """

    def __init__(self, name: str, output: Path | str, fingerprint: str, every_seconds: float = 60.0) -> None:
        self.path = FOLDER / f"{output}.{name.replace(' ', '-')}.safetensors"
        self.fingerprint, self.every_seconds = fingerprint, every_seconds
        self._saved_at = time.monotonic()

    @property
    def last(self) -> str | None:
        """The step and file of the checkpoint that is there, in words."""
        if not self.path.exists():
            return None
        with safe_open(self.path, "pt") as file:
            return f"step {json.loads(file.metadata()['step']):,} in {self.path}"

    def resume(self, learner: Learner, metrics: Metrics) -> int:
        """Restore the learner's tensors in place if a matching checkpoint exists; the step to go on from, else 0."""
        if not self.path.exists():
            return 0
        with safe_open(self.path, "pt") as file:
            metadata = file.metadata()
            if metadata["fingerprint"] != self.fingerprint:
                return 0
            with torch.no_grad():
                for name, tensor in learner.tensors().items():
                    tensor.copy_(file.get_tensor(f"learner/{name}"))
            logged = {key: file.get_tensor(key) for key in file.keys() if key.startswith("metrics/")}
        step = json.loads(metadata["step"])
        metrics.restore({key.removeprefix("metrics/"): tensor for key, tensor in logged.items()}, step)
        return step

    def save_if_due(self, learner: Learner, metrics: Metrics, step: int) -> None:
        """Save when `every_seconds` have passed since the last time."""
        if time.monotonic() - self._saved_at >= self.every_seconds:
            self.save(learner, metrics, step)

    def save(self, learner: Learner, metrics: Metrics, step: int) -> None:
        """Write the checkpoint, replacing the previous one in one move."""
        tensors = {f"learner/{name}": tensor.detach() for name, tensor in learner.tensors().items()}
        tensors |= {f"metrics/{name}": tensor for name, tensor in metrics.tensors().items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        save_tensors(self.path, tensors, {"fingerprint": self.fingerprint, "step": json.dumps(step)})
        self._saved_at = time.monotonic()


@contextmanager
def naming_last_good(checkpoint: Checkpoint | None) -> Iterator[None]:
    """Let a divergence inside the block say where the last good checkpoint is, if there is one."""
    try:
        yield
    except Diverged as error:
        raise Diverged(error.loss, error.step, checkpoint and checkpoint.last) from error


def remove_checkpoints(output: Path | str) -> None:
    """Delete the checkpoints of a job whose output is complete."""
    target = FOLDER / output
    for path in target.parent.glob(f"{target.name}.*.safetensors"):
        path.unlink()
