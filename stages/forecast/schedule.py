"""Seconds until the last of some jobs ends: list scheduling of what is left, at the pace of what is done.

Nothing here knows Snakemake: jobs are any names, with what they are expected to take and what they wait for.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache

BELIEF = 30.0  # seconds of jobs that have to end before their pace counts as much as the expectation
OVERDUE = 0.1  # what a job that takes longer than expected is given, as a share of what it has taken


@dataclass(frozen=True)
class Task:
    """A job as a scheduler sees it.

    Attributes:
        seconds: What it is expected to take.
        after: The jobs that it waits for.
        needs: How much of each resource it holds while it runs.
        priority: Larger ones start first.
    """

    seconds: float
    after: frozenset[Hashable] = frozenset()
    needs: Mapping[str, int] = field(default_factory=dict)
    priority: float = 0.0


@dataclass(frozen=True)
class State:
    """Where a run stands.

    Attributes:
        finished: Seconds that each finished job took.
        running: Seconds that each running job has taken so far.
    """

    finished: Mapping[Hashable, float] = field(default_factory=dict)
    running: Mapping[Hashable, float] = field(default_factory=dict)


def pace(tasks: Mapping[Hashable, Task], state: State) -> float:
    """What jobs take over what they were expected to take; 1 before any has ended.

    Running jobs count from when they are overdue on, so that one long job is noticed before it ends.
    """
    taken = BELIEF + sum(state.finished.values())
    expected = BELIEF + sum(tasks[name].seconds for name in state.finished)
    overdue = [name for name, seconds in state.running.items() if seconds > tasks[name].seconds * taken / expected]
    taken += sum(state.running[name] for name in overdue)
    expected += sum(tasks[name].seconds for name in overdue)
    return taken / expected


def seconds_left(tasks: Mapping[Hashable, Task], state: State, capacity: Mapping[str, int]) -> float:
    """Seconds until all tasks have ended, if each starts as soon as what it waits for and needs is there.

    Of jobs that could start, the one with the longest chain after it does. Snakemake takes any of equal priority, which
    on average of random pipelines took 3 % longer.

    Args:
        tasks: All jobs of the run; what one waits for besides them counts as done.
        state: Which of them have ended and which are running.
        capacity: How much of each resource there is; what is not named is not scarce.
    """
    factor = pace(tasks, state)
    missing = {
        name: {before for before in task.after if before in tasks and before not in state.finished}
        for name, task in tasks.items()
        if name not in state.finished
    }
    followers: dict[Hashable, list[Hashable]] = {name: [] for name in missing}
    for name, befores in missing.items():
        for before in befores:
            followers[before].append(name)
    chains = _chains(tasks, followers)
    order = {name: (-tasks[name].priority, -chains[name], position) for position, name in enumerate(missing)}
    free = dict(capacity)
    ends: list[tuple[float, int, Hashable]] = []

    def start(name: Hashable, seconds: float) -> None:
        _take(free, tasks[name].needs, 1)
        heapq.heappush(ends, (seconds, order[name][-1], name))

    for name, taken in state.running.items():
        start(name, max(tasks[name].seconds * factor - taken, OVERDUE * taken))
    ready = [name for name, befores in missing.items() if not befores and name not in state.running]
    now = 0.0
    while ready or ends:
        for name in sorted(ready, key=order.__getitem__):
            # A job that needs more than there is of something runs once nothing else does.
            if _fits(tasks[name].needs, free) or not ends:
                ready.remove(name)
                start(name, now + tasks[name].seconds * factor)
        now, _, ended = heapq.heappop(ends)
        _take(free, tasks[ended].needs, -1)
        for name in followers[ended]:
            missing[name].discard(ended)
            if not missing[name]:
                ready.append(name)
    return now


def _chains(tasks: Mapping[Hashable, Task], followers: Mapping[Hashable, list[Hashable]]) -> dict[Hashable, float]:
    """Expected seconds from each job's start to the end of the longest chain of jobs that begins with it."""

    @cache
    def chain(name: Hashable) -> float:
        return tasks[name].seconds + max(map(chain, followers[name]), default=0.0)

    return {name: chain(name) for name in followers}


def _fits(needs: Mapping[str, int], free: Mapping[str, int]) -> bool:
    return all(amount <= free[resource] for resource, amount in needs.items() if resource in free)


def _take(free: dict[str, int], needs: Mapping[str, int], sign: int) -> None:
    for resource, amount in needs.items():
        if resource in free:
            free[resource] -= sign * amount
