from dataclasses import replace

import numpy as np
import pytest

from stages.environments.loading import make
from stages.errors import UserError
from stages.formats.report import Report
from stages.formats.validate import validate


@pytest.fixture
def sound(episodes):
    """Episodes that fit the navigation task."""
    dataset = episodes([4, 5, 3], observation=2)
    return replace(dataset, actions=dataset.actions * np.float32(0.2), environment="navigation")


def findings(dataset, environment=None):
    report = Report("some.hdf5")
    validate(dataset, report, environment)
    return report


def changed(values, row, number):
    copy = values.copy()
    copy[row] = number
    return copy


def test_a_sound_dataset_passes(sound):
    report = findings(sound, make("navigation"))
    assert report.notes == report.errors == []
    assert "as it stands" in str(report)


@pytest.mark.parametrize("name", ["observations", "actions", "rewards", "next_observations", "costs"])
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_none_are_placed(sound, name, number):
    sound = replace(sound, costs=np.zeros(12, dtype=np.float32))
    report = findings(replace(sound, **{name: changed(getattr(sound, name), 7, number)}))
    assert [(error.rule, error.place) for error in report.errors] == [("not-finite", name)]
    assert "row 7" in report.errors[0].cause


def test_a_jump_inside_an_episode_is_noted(sound):
    report = findings(replace(sound, next_observations=changed(sound.next_observations, [1, 6], 9)))
    assert [note.rule for note in report.notes] == ["discontinuity"]
    assert "2 rows, first row 1" in report.notes[0].cause


def test_a_jump_between_episodes_is_none(sound):
    assert findings(replace(sound, next_observations=changed(sound.next_observations, 3, 9))).notes == []


def test_actions_beyond_the_box_are_noted(sound):
    report = findings(replace(sound, actions=changed(sound.actions, 5, 0.7)), make("navigation"))
    assert [note.rule for note in report.notes] == ["action-box"]
    assert "up to 0.5 beyond" in report.notes[0].cause and "row 5" in report.notes[0].cause


def test_actions_at_the_rounded_border_are_inside(sound):
    assert findings(replace(sound, actions=changed(sound.actions, 5, np.float32(0.2))), make("navigation")).notes == []


def test_sizes_must_be_the_environments(episodes):
    report = findings(replace(episodes([2, 3], observation=5, action=1), environment="navigation"), make("navigation"))
    assert [error.rule for error in report.errors] == ["observation-size", "action-size"]
    with pytest.raises(UserError, match=r"some.hdf5: observations: 5 numbers .* has 2 \(and 1 more: action-size\)"):
        report.refuse()


def test_episodes_beyond_the_time_limit_are_noted(sound):
    report = findings(sound, make("navigation", {"max_episode_steps": 4}))
    assert [note.rule for note in report.notes] == ["long-episode"]
    assert "up to 5" in report.notes[0].cause


def test_a_single_episode_is_noted(episodes):
    assert [note.rule for note in findings(episodes([5])).notes] == ["one-episode"]


def test_rules_must_have_a_meaning():
    with pytest.raises(ValueError, match="RULES"):
        Report("x").note("no such rule", "cause")


def test_ends_that_the_next_row_goes_on_from_are_noted(sound):
    gone_on = np.concatenate([sound.observations[1:], sound.next_observations[-1:]])
    report = findings(replace(sound, next_observations=gone_on))
    assert [note.rule for note in report.notes] == ["going-on"]
    assert "goes on from 2 of 2 ends" in report.notes[0].cause
    one_start_repeats = changed(sound.next_observations, 3, gone_on[3])
    assert findings(replace(sound, next_observations=one_start_repeats)).notes == []


def test_negative_costs_are_noted(sound):
    report = findings(replace(sound, costs=changed(np.zeros(12, dtype=np.float32), [2, 5], -1)))
    assert [note.rule for note in report.notes] == ["negative-cost"]
    assert "2 rows, first row 2" in report.notes[0].cause


def test_kinds_of_actions_must_be_the_environments(sound):
    numbers = replace(sound, actions=np.arange(12), num_actions=12)
    report = findings(numbers, make("navigation"))
    assert [error.rule for error in report.errors] == ["action-kind"]
    assert "numbers of actions to choose from, navigation takes vectors" in report.errors[0].cause


def test_numbers_of_actions_are_among_the_environments(sound):
    environment = make("navigation")
    environment.num_actions, environment.action_low, environment.action_high = 4, np.zeros(0), np.zeros(0)
    numbers = replace(sound, actions=np.arange(12) % 4, num_actions=12)
    assert findings(numbers, environment).errors == []
    report = findings(replace(numbers, actions=changed(numbers.actions, 6, 4)), environment)
    assert [error.rule for error in report.errors] == ["action-number"]
    assert "not among the 4 actions of navigation in row 6" in report.errors[0].cause
    assert [error.rule for error in findings(sound, environment).errors] == ["action-kind"]
