"""The run of steps: how the steps of a chunk are made, of which the loop sees the losses alone."""

from __future__ import annotations

from collections.abc import Iterator

from stages.training.learner import Learner, Losses, Update
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
        self.captured = [update for update in learner.updates if update.captured(LONGEST_RUN)]
        self.others = [update for update in learner.updates if not update.captured(LONGEST_RUN)]

    def run(self, chunk: Batch) -> Iterator[Losses]:
        """Make one step per entry along the first axis of `chunk`; the losses at the step that has been reached."""
        for drawn in zip(*(values.unbind() for values in chunk.values()), strict=True):
            yield self.single(dict(zip(chunk, drawn, strict=True)))

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
        return _made(self.captured, step, batch)

    def rare(self, step: int, batch: Batch) -> Losses:
        """The other updates due at `step`."""
        return _made(self.others, step, batch)


def _made(updates: list[Update], step: int, batch: Batch) -> Losses:
    """Those due at `step`, one after the other."""
    losses: Losses = {}
    for update in updates:
        if step % update.every == 0:
            losses |= update.apply(batch)
    return losses
