from dataclasses import replace

import numpy as np
import pytest

from stages.datasets.report import Report
from stages.datasets.validate import validate
from stages.environments.loading import make
from stages.errors import UserError


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
