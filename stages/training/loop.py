"""The training loop, written once: minibatches, timed updates, log, progress, NaN guard, checkpoints.

How steps are made, one by one or many at once as a CUDA graph, is the stepper's matter.
"""

from __future__ import annotations

from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.draws import Draws
from stages.training.graph import stepper_for
from stages.training.learner import Learner
from stages.training.metrics import Metrics
from stages.training.rows import Gatherable
from stages.training.stepper import Stepper


class Loop:
    """Trains one learner on one set of rows; `run` may be called repeatedly and continues where it stopped.

    Args:
        learner: What is trained.
        rows: The dataset.
        draws: Which rows, and what noise, each step uses.
        checkpoint: Where to save and whence to resume, or None.
        progress: Told about steps; or None.
        log_every: Steps between logged (and NaN-checked) losses.
        stepper: How steps are made; None: the way that suits the device.
    """

    def __init__(
        self,
        learner: Learner,
        rows: Gatherable,
        draws: Draws,
        checkpoint: Checkpoint | None = None,
        progress: Progress | None = None,
        log_every: int = 500,
        stepper: Stepper | None = None,
    ) -> None:
        self.learner, self.rows, self.draws = learner, rows, draws
        self.checkpoint, self.progress = checkpoint, progress
        self.metrics = Metrics(log_every)
        self.stepper = stepper or stepper_for(learner, rows)

    @property
    def step(self) -> int:
        """Steps made so far."""
        return self.stepper.step

    def run(self, num_steps: int) -> Metrics:
        """Train until `num_steps` steps in total have been made, or the learner says that it has finished.

        Losses are looked at after every chunk, before a checkpoint could keep what has diverged.

        Raises:
            Diverged: A loss is not finite; the last checkpoint is kept.
        """
        if self.checkpoint is not None and self.step == 0:
            self.stepper.step = self.checkpoint.resume(self.learner, self.metrics)
        while self.step < num_steps and not self.learner.finished():
            stop = min(num_steps, self.draws.end_of_chunk(self.step))
            for losses in self.stepper.run(self.draws.chunk(self.step, stop, self.rows.device)):
                self.metrics.record(self.step, losses)
            self.metrics.check()
            if self.checkpoint is not None:
                self.checkpoint.save_if_due(self.learner, self.metrics, self.step)
            if self.progress is not None:
                self.progress.advance_to(self.step)
        self.metrics.keep()
        return self.metrics
