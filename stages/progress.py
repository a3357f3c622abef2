"""Progress with the time still to go: a bar on a terminal, a plain line now and then in a log."""

from __future__ import annotations

import sys
import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bar


class Progress:
    """Counts towards `total`; use as a context manager.

    Args:
        label: What is being done, such as ``"EM clustering"``.
        total: Count at the end.
        unit: What is counted, such as ``"step"``.
        every_seconds: Least time between two lines in a log.
    """

    def __init__(self, label: str, total: int, unit: str = "step", every_seconds: float = 20.0) -> None:
        self.label, self.total, self.unit, self.every_seconds = label, total, unit, every_seconds
        self.bar = _bar() if sys.stderr.isatty() else None

    def __enter__(self) -> Progress:
        self.started = self.reported = time.monotonic()
        self.first: int | None = None
        if self.bar is not None:
            self.bar.start()
            self.task = self.bar.add_task(self.label, total=self.total)
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        if self.bar is not None:
            self.bar.stop()
        elif kind is None:
            self._line(f"{self.label}: done in {_clock(time.monotonic() - self.started)}")

    def advance_to(self, done: int) -> None:
        """Note that `done` of `total` have been done."""
        self.first = done if self.first is None else self.first
        if self.bar is not None:
            self.bar.update(self.task, completed=done)
            return
        now = time.monotonic()
        if now - self.reported >= self.every_seconds and done > self.first:
            remaining = (now - self.started) / (done - self.first) * (self.total - done)
            self.reported = now
            self._line(f"{self.label}: {self.unit} {done:,} of {self.total:,}, {_clock(remaining)} to go")

    @staticmethod
    def _line(text: str) -> None:
        print(text, file=sys.stderr, flush=True)


def _bar() -> Bar:
    return Bar(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
               TextColumn("left"), TimeRemainingColumn(), console=None, transient=True)  # fmt: skip


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
