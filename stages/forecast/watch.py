"""Says now and then how far a Snakemake run is and how long it will still take.

A thread of the main process looks at the scheduler once a second. It changes nothing: results, records and jobs know
nothing of it, and it ends with the run.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from stages.forecast.durations import Durations, last_run, shipped
from stages.forecast.schedule import State, Task, seconds_left

EVERY_SECONDS = 30.0
LOOK_EVERY = 1.0


class Watch:
    """Watches a run from its start on, until all jobs are done or one has failed.

    Args:
        workflow: Snakemake's, whose jobs are known and have not begun.
        say: Takes one line.
        every_seconds: Least time between two lines.
    """

    def __init__(self, workflow: Any, say: Callable[[str], None], every_seconds: float = EVERY_SECONDS) -> None:
        self.dag, self.scheduler, self.say, self.every_seconds = workflow.dag, workflow.scheduler, say, every_seconds
        # Read now, since a job that starts removes what Snakemake wrote of it the last time.
        self.tasks = tasks(self.dag, Durations(last_run(), shipped()))
        self.began: dict[Any, float] = {}
        self.took: dict[Any, float] = {}
        self.started = time.monotonic()
        say(f"Whole run: {len(self.tasks)} jobs, {duration(self.seconds_left())}")
        threading.Thread(target=self._watch, daemon=True).start()

    def seconds_left(self) -> float:
        """As far as can be told now."""
        now = time.monotonic()
        running = {job: now - began for job, began in self.began.items() if job not in self.took}
        return seconds_left(self.tasks, State(self.took, running), self.scheduler.global_resources)

    def line(self) -> str:
        """How far the run is, in jobs and in time."""
        left, passed = self.seconds_left(), time.monotonic() - self.started
        share = passed / max(passed + left, LOOK_EVERY)
        done = f"{len(self.took)} of {len(self.tasks)} jobs"
        return f"Whole run: {done} and {share:.0%} of the time done, {duration(left)} left"

    def _watch(self) -> None:
        said = self.started
        while len(self.took) < len(self.tasks) and not self.scheduler.failed:
            time.sleep(LOOK_EVERY)
            self._look()
            if time.monotonic() - said >= self.every_seconds:
                said = time.monotonic()
                self.say(self.line())

    def _look(self) -> None:
        now = time.monotonic()
        for job in self.tasks:
            if job not in self.began and job in self.scheduler.running:
                self.began[job] = now
            if job not in self.took and self.dag.finished(job):
                self.took[job] = now - self.began.get(job, now)


def tasks(dag: Any, durations: Durations) -> dict[Any, Task]:
    """The jobs that Snakemake will run, in the order of their numbers."""
    return {
        job: Task(
            seconds=durations[str(job.benchmark)] if job.benchmark else 0.0,
            after=frozenset(dag.job_dependencies(job)),
            # Amounts that depend on files which are not there yet are no numbers.
            needs={name: amount for name, amount in job.scheduler_resources.items() if isinstance(amount, int)},
            priority=float(dag.priority(job)),
        )
        for job in sorted(dag.needrun_jobs(), key=dag.jobid)
    }


def duration(seconds: float) -> str:
    """In words, as exact as a forecast is: ``about 7 minutes``."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return "less than a minute"
    if minutes == 1:
        return "about a minute"
    return f"about {minutes} minutes" if minutes < 120 else f"about {round(minutes / 60)} hours"
