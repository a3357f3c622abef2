"""Seconds until the last of some jobs ends: list scheduling of what is left, at the pace of what is done.

Nothing here knows Snakemake: jobs are any names, with what they are expected to take and what they wait for.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

Needs = tuple[tuple[str, int], ...]

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
    missing, followers = _graph(tasks, state.finished)
    chains = _chains(tasks, followers)
    order = {name: (-tasks[name].priority, -chains[name], place, name) for place, name in enumerate(missing)}
    needs = {name: tuple((r, n) for r, n in sorted(tasks[name].needs.items()) if r in capacity) for name in missing}
    free, now = dict(capacity), 0.0
    ends: list[tuple[float, int, Hashable]] = []
    # By what they need: of jobs that need the same, only the first can be the next.
    ready: dict[Needs, list[Any]] = {}

    def wait(name: Hashable) -> None:
        heapq.heappush(ready.setdefault(needs[name], []), order[name])

    def start(name: Hashable, seconds: float) -> None:
        _take(free, needs[name], 1)
        heapq.heappush(ends, (now + seconds, order[name][2], name))

    for name, taken in state.running.items():
        start(name, max(tasks[name].seconds * factor - taken, OVERDUE * taken))
    for name in missing:
        if not missing[name] and name not in state.running:
            wait(name)
    while ends or any(ready.values()):
        # A job that needs more than there is of something runs once nothing else does.
        while fitting := [heap for need, heap in ready.items() if heap and (_fits(need, free) or not ends)]:
            name = heapq.heappop(min(fitting, key=lambda heap: heap[0][:3]))[-1]
            start(name, tasks[name].seconds * factor)
        now, _, ended = heapq.heappop(ends)
        _take(free, needs[ended], -1)
        for name in followers[ended]:
            missing[name].discard(ended)
            if not missing[name]:
                wait(name)
    return now


def _graph(
    tasks: Mapping[Hashable, Task], finished: Collection[Hashable]
) -> tuple[dict[Hashable, set[Hashable]], dict[Hashable, list[Hashable]]]:
    """What each unfinished job still waits for, and which ones wait for it."""
    missing = {
        name: {before for before in task.after if before in tasks and before not in finished}
        for name, task in tasks.items()
        if name not in finished
    }
    followers: dict[Hashable, list[Hashable]] = {name: [] for name in missing}
    for name, befores in missing.items():
        for before in befores:
            followers[before].append(name)
    return missing, followers


def _chains(tasks: Mapping[Hashable, Task], followers: Mapping[Hashable, list[Hashable]]) -> dict[Hashable, float]:
    """Expected seconds from each job's start to the end of the longest chain of jobs that begins with it."""

    @cache
    def chain(name: Hashable) -> float:
        return tasks[name].seconds + max(map(chain, followers[name]), default=0.0)

    return {name: chain(name) for name in followers}


def _fits(needs: Needs, free: Mapping[str, int]) -> bool:
    return all(amount <= free[resource] for resource, amount in needs)


def _take(free: dict[str, int], needs: Needs, sign: int) -> None:
    for resource, amount in needs:
        free[resource] -= sign * amount
