"""Exact resume: everything a learner holds, saved now and then, taken up again after a kill.

A checkpoint belongs to one output file and one fingerprint (settings, seeds, code and data that made it); with another
fingerprint it is ignored. One made by other arithmetic (the native layer, or torch) would not lead to the same bits:
then the training starts anew, and says so. It is removed when the output is complete.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors import SafetensorError, safe_open

from stages.artifacts import save_tensors
from stages.training.device import networks_on
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
        with self._opened() as file:
            return f"step {_step(file):,} in {self.path}" if file is not None else None

    def resume(self, learner: Learner, metrics: Metrics) -> int:
        """Restore the learner's tensors in place if a matching checkpoint exists; the step to go on from, else 0.

        A checkpoint that cannot be read, or that is another program's, counts as none: the training starts anew.
        """
        with self._opened() as file:
            if file is None or file.metadata()["fingerprint"] != self.fingerprint:
                return 0
            before, now = file.metadata().get("networks"), _networks(learner)
            if before != now:
                print(f"{self.path} was computed by {before}, now by {now}: training starts anew", file=sys.stderr)
                return 0
            tensors = {f"learner/{name}": tensor for name, tensor in learner.tensors().items()}
            keys = set(file.keys())
            if any(key not in keys or file.get_slice(key).get_shape() != [*t.shape] for key, t in tensors.items()):
                return 0
            with torch.no_grad():
                for key, tensor in tensors.items():
                    tensor.copy_(file.get_tensor(key))
            logged = {key: file.get_tensor(key) for key in keys if key.startswith("metrics/")}
            step = _step(file)
        metrics.restore({key.removeprefix("metrics/"): tensor for key, tensor in sorted(logged.items())}, step)
        return step

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The checkpoint that is there, None if there is none or it is not one of these."""
        try:
            file = safe_open(self.path, "pt")
        except (OSError, SafetensorError):
            yield None
            return
        with file:
            metadata = file.metadata() or {}
            yield file if metadata.keys() >= {"fingerprint", "step"} and metadata["step"].isdecimal() else None

    def save_if_due(self, learner: Learner, metrics: Metrics, step: int) -> None:
        """Save when `every_seconds` have passed since the last time."""
        if time.monotonic() - self._saved_at >= self.every_seconds:
            self.save(learner, metrics, step)

    def save(self, learner: Learner, metrics: Metrics, step: int) -> None:
        """Write the checkpoint, replacing the previous one in one move."""
        tensors = {f"learner/{name}": tensor.detach() for name, tensor in learner.tensors().items()}
        tensors |= {f"metrics/{name}": tensor for name, tensor in metrics.tensors().items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        facts = {"fingerprint": self.fingerprint, "step": json.dumps(step), "networks": _networks(learner)}
        save_tensors(self.path, tensors, facts)
        self._saved_at = time.monotonic()


def _networks(learner: Learner) -> str:
    kinds = {tensor.device.type: tensor.device for tensor in learner.tensors().values()}
    return networks_on(kinds.get("cuda", torch.device("cpu")))


def _step(file: Any) -> int:
    step: int = json.loads(file.metadata()["step"])
    return step


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
