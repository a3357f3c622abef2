"""The training loop, written once: minibatches, timed updates, log, progress, NaN guard, checkpoints, CUDA graphs.

A learner is a list of `Update`s: "every n-th step, apply this to the batch". The loop gathers a batch per step and
applies what is due. An update changes tensors in place and returns its losses as tensors, one value per seed; it never
looks at a value, so on CUDA a run of steps is captured once as a graph and replayed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from torch import Tensor

from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.draws import Draws
from stages.training.graph import LONGEST_RUN, Replay
from stages.training.metrics import Metrics
from stages.training.rows import Batch, Rows

Losses = dict[str, Tensor]


@dataclass(frozen=True)
class Update:
    """What a learner does every `every` steps; `apply` maps a batch to losses of shape ``[seeds]``.

    An update that looks at values (`eager`) is kept out of CUDA graphs.
    """

    apply: Callable[[Batch], Losses]
    every: int = 1
    eager: bool = False

    def captured(self, longest: int) -> bool:
        """Whether a graph of at most `longest` steps may hold this update."""
        return self.every <= longest and not self.eager


@runtime_checkable
class Learner(Protocol):
    """Anything that can be trained by `Loop`."""

    updates: list[Update]

    def tensors(self) -> dict[str, Tensor]:
        """All state, by name, for checkpoints; tensors are restored in place."""

    def finished(self) -> bool:
        """Whether to stop before the number of steps asked for; looked at once per chunk of steps."""
        return False


class Loop:
    """Trains one learner on one set of rows; `run` may be called repeatedly and continues where it stopped.

    Args:
        learner: What is trained.
        rows: The dataset.
        draws: Which rows, and what noise, each step uses.
        checkpoint: Where to save and whence to resume, or None.
        progress: Told about steps; or None.
        log_every: Steps between logged (and NaN-checked) losses.
    """

    def __init__(
        self,
        learner: Learner,
        rows: Rows,
        draws: Draws,
        checkpoint: Checkpoint | None = None,
        progress: Progress | None = None,
        log_every: int = 500,
    ) -> None:
        self.learner, self.rows, self.draws = learner, rows, draws
        self.checkpoint, self.progress = checkpoint, progress
        self.metrics = Metrics(log_every)
        self.step = 0
        self.replay = Replay(self) if rows.matrix.is_cuda else None

    def run(self, num_steps: int) -> Metrics:
        """Train until `num_steps` steps in total have been made, or the learner says that it has finished.

        Losses are looked at after every chunk, before a checkpoint could keep what has diverged.

        Raises:
            Diverged: A loss is not finite; the last checkpoint is kept.
        """
        if self.checkpoint is not None and self.step == 0:
            self.step = self.checkpoint.resume(self.learner, self.metrics)
        while self.step < num_steps and not self.learner.finished():
            stop = min(num_steps, self.draws.end_of_chunk(self.step))
            chunk = self.draws.chunk(self.step, stop, self.rows.matrix.device)
            if self.replay is not None:
                self.replay.run_chunk(chunk)
            else:
                for i in range(stop - self.step):
                    self.eager_step({name: values[i] for name, values in chunk.items()})
            self.metrics.check()
            if self.checkpoint is not None:
                self.checkpoint.save_if_due(self.learner, self.metrics, self.step)
            if self.progress is not None:
                self.progress.advance_to(self.step)
        self.metrics.keep()
        return self.metrics

    def eager_step(self, drawn: Batch) -> None:
        """One step with the rows and noise drawn for it."""
        batch = self.batch(drawn)
        self.step += 1
        self.note(self.apply_common(self.step, batch) | self.apply_rare(self.step, batch))

    def batch(self, drawn: Batch) -> Batch:
        """The rows at the drawn index, together with the drawn noise."""
        noise = {name: values for name, values in drawn.items() if name != "index"}
        return self.rows.gather(drawn["index"]) | noise

    def apply_common(self, step: int, batch: Batch) -> Losses:
        """The updates due at `step` (counted from 1) that a graph holds."""
        due = (update for update in self.learner.updates if update.captured(LONGEST_RUN) and step % update.every == 0)
        return {name: loss for update in due for name, loss in update.apply(batch).items()}

    def apply_rare(self, step: int, batch: Batch) -> Losses:
        """The other updates due at `step`."""
        due = (u for u in self.learner.updates if not u.captured(LONGEST_RUN) and step % u.every == 0)
        return {name: loss for update in due for name, loss in update.apply(batch).items()}

    def note(self, losses: Losses) -> None:
        """Record the losses of the step just made.

        Raises:
            Diverged: A loss is not finite; the last checkpoint is kept.
        """
        self.metrics.record(self.step, losses)
