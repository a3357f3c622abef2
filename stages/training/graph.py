"""CUDA graphs: a run of training steps captured once and replayed, so that launching kernels costs nothing.

A step of small networks launches some hundred kernels of a few microseconds each; issued one by one from Python they
leave the GPU idle most of the time. The captured run covers all updates whose period divides its length; rarer updates
(a target refresh every 500 steps) and those that look at values (an E-step) are applied eagerly between replays.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch

from stages.training.rows import Batch

if TYPE_CHECKING:
    from stages.training.loop import Loop

LONGEST_RUN = 32
WARM_UP_RUNS = 3


class Replay:
    """Runs chunks of steps of a `Loop` on CUDA through a graph; steps that do not fill a graph are made eagerly."""

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        updates = loop.learner.updates
        self.length = math.lcm(*(update.every for update in updates if update.captured(LONGEST_RUN)))
        rare = [update.every for update in updates if not update.captured(LONGEST_RUN)]
        while self.length * 2 <= LONGEST_RUN and all(period % (self.length * 2) == 0 for period in rare):
            self.length *= 2
        self.graph: torch.cuda.CUDAGraph | None = None
        self.usable = all(period % self.length == 0 for period in rare)

    def run_chunk(self, chunk: Batch) -> None:
        """Make one step per entry along the first axis of `chunk`, replaying the graph wherever a whole run fits."""
        position, count = 0, len(chunk["index"])
        while position < count:
            aligned = self.loop.step % self.length == 0 and position + self.length <= count
            length = self.length if aligned and self.usable else 1
            drawn = {name: values[position : position + length] for name, values in chunk.items()}
            if length == 1:
                self.loop.eager_step({name: values[0] for name, values in drawn.items()})
            else:
                self._replay(drawn)
            position += length

    def _replay(self, drawn: Batch) -> None:
        if self.graph is None:
            self._capture(drawn)
        for name, values in drawn.items():
            self.inputs[name].copy_(values)
        self.graph.replay()
        self.loop.step += self.length
        losses = self.losses | self.loop.apply_rare(self.loop.step, self.batch, self.length)
        self.loop.note(losses)

    def _capture(self, drawn: Batch) -> None:
        """Capture one run. Warming up changes the learner, so its tensors are put back afterwards."""
        self.inputs = {name: values.clone() for name, values in drawn.items()}
        before = {name: tensor.clone() for name, tensor in self.loop.learner.tensors().items()}
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_RUNS):
                self._steps()
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses, self.batch = self._steps()
        with torch.no_grad():
            for name, tensor in self.loop.learner.tensors().items():
                tensor.copy_(before[name])

    def _steps(self) -> tuple[Batch, Batch]:
        losses: Batch = {}
        for i in range(self.length):
            batch = self.loop.batch({name: values[i] for name, values in self.inputs.items()})
            losses |= self.loop.apply_common(i + 1, batch, self.length)
        return losses, batch
