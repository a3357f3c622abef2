from dataclasses import replace

import numpy as np

from stages.formats.known_problems import known_problems
from stages.formats.report import Report


def noted(dataset, **more):
    report = Report("x")
    known_problems(dataset, report, **more)
    assert report.errors == []
    return [note.rule for note in report.notes]


def doubled_ends(dataset):
    """The dataset with the last two rows of every episode alike."""
    last = dataset.episode_ends - 1
    arrays = {
        name: getattr(dataset, name).copy() for name in ("observations", "actions", "rewards", "next_observations")
    }
    for values in arrays.values():
        values[last] = values[last - 1]
    return replace(dataset, **arrays)


def test_sound_episodes_have_none(episodes):
    assert noted(episodes([4, 5, 3])) == noted(episodes([1, 1])) == noted(episodes([7])) == []


def test_repeated_last_steps(episodes):
    dataset = episodes([4, 5, 3])
    assert noted(doubled_ends(dataset)) == ["repeated-step"]
    rewards = dataset.rewards.copy()
    rewards[dataset.episode_ends - 1] = rewards[dataset.episode_ends - 2]
    assert noted(replace(dataset, rewards=rewards)) == []


def test_episodes_one_step_short_of_the_limit(episodes):
    dataset = episodes([3, 9, 5, 9, 2, 9])  # Every other episode is truncated.
    assert noted(dataset, time_limit=10) == ["one-short"]
    assert noted(dataset, time_limit=9) == noted(dataset) == []


def test_a_single_terminal_among_many_truncations(episodes):
    dataset = episodes([2] * 60)
    ends = dataset.terminations | dataset.truncations
    stray = np.zeros_like(ends)
    stray[41] = True
    assert noted(replace(dataset, terminations=stray, truncations=ends & ~stray)) == ["stray-terminal"]
    assert noted(replace(dataset, terminations=ends & False, truncations=ends)) == []
    assert noted(dataset) == []


def test_zeros_after_terminals(episodes):
    dataset = episodes([4, 5, 3])
    following = dataset.next_observations.copy()
    following[dataset.terminations] = 0
    assert noted(replace(dataset, next_observations=following)) == ["zero-successor"]
    following[3] = 1
    assert noted(replace(dataset, next_observations=following)) == []
