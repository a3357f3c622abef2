"""CUDA graphs: a run of training steps captured once and replayed, so that launching kernels costs nothing.

A step of small networks launches some hundred kernels of a few microseconds each; issued one by one from Python they
leave the GPU idle most of the time. The captured run covers all updates whose period divides its length; rarer updates
(a target refresh every 500 steps) and those that look at values (an E-step) are applied eagerly between replays.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch

from stages.training.learner import Learner, Losses
from stages.training.rows import Batch, Gatherable
from stages.training.stepper import LONGEST_RUN, Stepper

WARM_UP_RUNS = 3


def stepper_for(learner: Learner, rows: Gatherable) -> Stepper:
    """The quickest stepper where `rows` live."""
    return (Replay if rows.device.type == "cuda" else Stepper)(learner, rows)


class Replay(Stepper):
    """Makes steps on CUDA through a graph; those that do not fill one are made one by one."""

    def __init__(self, learner: Learner, rows: Gatherable) -> None:
        super().__init__(learner, rows)
        self.period = math.lcm(*(update.every for update in self.captured))
        self.rare_periods = [update.every for update in self.others]
        self.length = LONGEST_RUN // self.period * self.period
        self.graph: torch.cuda.CUDAGraph | None = None

    def run(self, chunk: Batch) -> Iterator[Losses]:
        position, count = 0, len(chunk["index"])
        while position < count:
            if self.length and self._fits(count - position):
                yield self._replay({n: values[position : position + self.length] for n, values in chunk.items()})
                position += self.length
            else:
                yield self.single({name: values[position] for name, values in chunk.items()})
                position += 1

    def _fits(self, remaining: int) -> bool:
        """Whether a run may begin now: enough steps are left, periods are in phase, no rare update is due inside it."""
        in_phase = self.step % self.period == 0 and self.length <= remaining
        last = self.step + self.length
        return in_phase and all((self.step // period + 1) * period >= last for period in self.rare_periods)

    def _replay(self, drawn: Batch) -> Losses:
        if self.graph is None:
            self._capture(drawn)
        for name, values in drawn.items():
            self.inputs[name].copy_(values)
        self.graph.replay()
        self.step += self.length
        return self.losses | self.rare(self.step, self.last_batch)

    def _capture(self, drawn: Batch) -> None:
        """Capture one run. Warming up changes the learner, so its tensors are put back afterwards."""
        self.inputs = {name: values.clone() for name, values in drawn.items()}
        before = {name: tensor.clone() for name, tensor in self.learner.tensors().items()}
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(WARM_UP_RUNS):
                self._steps()
        torch.cuda.current_stream().wait_stream(stream)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.losses, self.last_batch = self._steps()
        with torch.no_grad():
            for name, tensor in self.learner.tensors().items():
                tensor.copy_(before[name])

    def _steps(self) -> tuple[Losses, Batch]:
        losses: Losses = {}
        for i in range(self.length):
            batch = self.batch({name: values[i] for name, values in self.inputs.items()})
            losses |= self.common(i + 1, batch)
        return losses, batch
