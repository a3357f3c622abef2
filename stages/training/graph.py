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
        captured, rare = [], []
        for update in loop.learner.updates:
            (captured if update.captured(LONGEST_RUN) else rare).append(update.every)
        self.period, self.rare = math.lcm(*captured), rare
        self.length = LONGEST_RUN // self.period * self.period
        self.graph: torch.cuda.CUDAGraph | None = None

    def run_chunk(self, chunk: Batch) -> None:
        """Make one step per entry along the first axis of `chunk`, replaying the graph wherever a whole run fits."""
        position, count = 0, len(chunk["index"])
        while position < count:
            if self.length and self._fits(count - position):
                self._replay({name: values[position : position + self.length] for name, values in chunk.items()})
                position += self.length
            else:
                self.loop.eager_step({name: values[position] for name, values in chunk.items()})
                position += 1

    def _fits(self, remaining: int) -> bool:
        """Whether a run may begin now: enough steps are left, periods are in phase, no rare update is due inside it."""
        step = self.loop.step
        in_phase = step % self.period == 0 and self.length <= remaining
        return in_phase and all((step // period + 1) * period >= step + self.length for period in self.rare)

    def _replay(self, drawn: Batch) -> None:
        if self.graph is None:
            self._capture(drawn)
        for name, values in drawn.items():
            self.inputs[name].copy_(values)
        self.graph.replay()
        self.loop.step += self.length
        losses = self.losses | self.loop.apply_rare(self.loop.step, self.batch)
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
            losses |= self.loop.apply_common(i + 1, batch)
        return losses, batch
