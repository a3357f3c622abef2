"""Rules about problems that published datasets are known to have, seen at the ends of episodes.

Source: issues of d4rl (#22, #85, #107), d3rlpy (#18, #98, #164, #166) and IQL-PyTorch (#4), and the reader of D4RL in
TensorFlow Datasets, each at its rule.
"""

from __future__ import annotations

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats.report import Report

# Without an environment to ask: D4RL's and DSRL's robots have this time limit.
USUAL_LIMIT = 1000
# One terminal among at least so many episodes is taken for a slip.
MANY_EPISODES = 50


def known_problems(dataset: EpisodeDataset, report: Report, time_limit: int = USUAL_LIMIT) -> None:
    """Note what looks like one of the known problems.

    Args:
        dataset: Any dataset with at least one episode.
        report: Where findings go.
        time_limit: Steps after which the environment truncates an episode.
    """
    _repeated_steps(dataset, report)
    _one_short(dataset, report, time_limit)
    _stray_terminal(dataset, report)
    _zero_successors(dataset, report)


def _repeated_steps(dataset: EpisodeDataset, report: Report) -> None:
    """Recorders that write the final transition twice (d3rlpy #18, #98)."""
    last = dataset.episode_ends[dataset.episode_lengths > 1] - 1
    arrays = (dataset.observations, dataset.actions, dataset.rewards, dataset.next_observations)
    rows = [np.atleast_2d((values[last] == values[last - 1]).T).all(axis=0) for values in arrays]
    equal = np.logical_and.reduce(rows)
    # An agent that does not move any more repeats itself as well, but hardly in every other episode.
    if equal.sum() > len(last) / 2:
        cause = f"{equal.sum():,} of {dataset.num_episodes:,} episodes end with the same step twice"
        report.note("repeated-step", cause, f"first row {last[equal][0]}", "Leave the copies out")


def _one_short(dataset: EpisodeDataset, report: Report, time_limit: int) -> None:
    """Files made of a learner's view, which loses the last row of every episode (IQL-PyTorch #4)."""
    lengths = dataset.episode_lengths[dataset.truncations[dataset.episode_ends - 1]]
    short = int((lengths == time_limit - 1).sum())
    if short > max(1, len(lengths) / 2):
        cause = f"{short:,} of {len(lengths):,} truncated episodes have {time_limit - 1} steps, one less than the limit"
        report.note("one-short", cause, remedy="Returns are a step short too; use the original recording if you can")


def _stray_terminal(dataset: EpisodeDataset, report: Report) -> None:
    """HalfCheetah never terminates, but some versions of its files have one terminal (d4rl #22, #107)."""
    terminals = np.flatnonzero(dataset.terminations)
    if len(terminals) == 1 and dataset.num_episodes >= MANY_EPISODES:
        cause = f"a single terminal among {dataset.num_episodes:,} episodes"
        remedy = "If the task has no terminal states, as HalfCheetah, it is a slip: make it a timeout"
        report.note("stray-terminal", cause, f"row {terminals[0]}", remedy)


def _zero_successors(dataset: EpisodeDataset, report: Report) -> None:
    """TensorFlow Datasets fills the observation after a terminal with zeros where none is recorded."""
    terminals = np.flatnonzero(dataset.terminations)
    zero = ~dataset.next_observations[terminals].any(axis=1) & dataset.observations[terminals].any(axis=1)
    if len(terminals) and zero.all():
        cause = f"all zeros after each of the {len(terminals):,} terminals"
        report.note("zero-successor", cause, "next_observations", "Nothing learns from them, but do not plot them")
