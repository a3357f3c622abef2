"""What every dataset generator promises: whole episodes in a task that can be made again, and who recorded them."""

import json
from functools import cache

import numpy as np
import pytest

from stages.datasets.episodes import EpisodeDataset
from stages.formats.native import read_native, write_native
from stages.formats.recorded_in import environment_of
from stages.formats.report import Report
from stages.formats.validate import validate
from stages.generators import GENERATORS
from tests.smallest import smallest_choice

NAMES = GENERATORS.names()


@cache
def made(name: str, seed: int = 0) -> EpisodeDataset:
    choice = smallest_choice(GENERATORS, name, seed=seed)
    return choice.entry(choice.settings)


@pytest.mark.parametrize("name", NAMES)
def test_episodes_end_where_they_say(name):
    dataset = made(name)
    assert not (dataset.terminations & dataset.truncations).any()
    assert dataset.terminations[-1] or dataset.truncations[-1]
    assert dataset.episode_lengths.sum() == dataset.num_steps
    inside = ~(dataset.terminations | dataset.truncations)[:-1]
    np.testing.assert_array_equal(dataset.next_observations[:-1][inside], dataset.observations[1:][inside])


@pytest.mark.parametrize("name", NAMES)
def test_every_episode_has_a_true_policy_with_a_name(name):
    dataset = made(name)
    assert dataset.behaviour_policy.shape == (dataset.num_episodes,)
    assert set(dataset.behaviour_policy) == set(range(len(dataset.behaviour_policy_names)))


@pytest.mark.parametrize("name", NAMES)
def test_the_file_names_a_task_that_the_data_are_sound_in(name, tmp_path):
    write_native(tmp_path / "data.hdf5", made(name))
    environment = environment_of(tmp_path / "data.hdf5")
    again, report = read_native(tmp_path / "data.hdf5"), Report("data")
    validate(again, report, environment)
    assert report.errors == []
    assert {note.rule for note in report.notes} <= {"going-on"}
    truncated = again.episode_lengths[again.truncations[again.episode_ends - 1]]
    assert (truncated == environment.max_episode_steps).all()
    assert (again.costs is not None) == environment.has_costs
    np.testing.assert_array_equal(again.actions, made(name).actions)
    environment.close()


@pytest.mark.parametrize("name", NAMES)
def test_data_depend_on_the_seed_alone(name):
    first, other = made(name), made(name, seed=1)
    again = made.__wrapped__(name)
    for array in ("observations", "actions", "rewards", "behaviour_policy"):
        np.testing.assert_array_equal(getattr(first, array), getattr(again, array))
    assert first.attributes == again.attributes
    assert first.num_steps != other.num_steps or not np.array_equal(first.observations, other.observations)
    json.loads(first.attributes["environment_settings"])
