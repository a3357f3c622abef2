"""The run of steps: how the steps of a chunk are made, of which the loop sees the losses alone."""

from __future__ import annotations

from collections.abc import Iterator

from stages.training.learner import Learner, Losses
from stages.training.rows import Batch, Gatherable

LONGEST_RUN = 32  # steps that a CUDA graph holds at most


class Stepper:
    """Makes a learner's steps one after the other.

    Args:
        learner: What is trained.
        rows: Where batches are gathered from.

    Attributes:
        step: Steps made so far.
    """

    def __init__(self, learner: Learner, rows: Gatherable) -> None:
        self.learner, self.rows, self.step = learner, rows, 0

    def run(self, chunk: Batch) -> Iterator[Losses]:
        """Make one step per entry along the first axis of `chunk`; the losses at the step that has been reached."""
        for position in range(len(chunk["index"])):
            yield self.single({name: values[position] for name, values in chunk.items()})

    def single(self, drawn: Batch) -> Losses:
        """One step with the rows and noise drawn for it."""
        batch = self.batch(drawn)
        self.step += 1
        return self.common(self.step, batch) | self.rare(self.step, batch)

    def batch(self, drawn: Batch) -> Batch:
        """The rows at the drawn index, together with the drawn noise."""
        noise = {name: values for name, values in drawn.items() if name != "index"}
        return self.rows.gather(drawn["index"]) | noise

    def common(self, step: int, batch: Batch) -> Losses:
        """The updates due at `step` (counted from 1) that a graph may hold."""
        due = (update for update in self.learner.updates if update.captured(LONGEST_RUN) and step % update.every == 0)
        return {name: loss for update in due for name, loss in update.apply(batch).items()}

    def rare(self, step: int, batch: Batch) -> Losses:
        """The other updates due at `step`."""
        due = (u for u in self.learner.updates if not u.captured(LONGEST_RUN) and step % u.every == 0)
        return {name: loss for update in due for name, loss in update.apply(batch).items()}
