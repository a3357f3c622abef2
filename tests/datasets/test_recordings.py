"""The order of recording is said where it is known, kept by whole episodes, and lost otherwise."""

from dataclasses import replace

import numpy as np
import pytest

from stages.datasets.mixing import MixSettings, mix
from stages.datasets.recordings import recording_of_episode, said_of
from tests.synthetic import make_episodes

DATASET = replace(make_episodes([3] * 5), attributes={"recordings": "[2, 3]"})


def test_the_recording_of_each_episode():
    assert recording_of_episode(DATASET).tolist() == [0, 0, 1, 1, 1]
    assert recording_of_episode(make_episodes([3])) is None


def test_a_part_without_a_word_has_none():
    assert recording_of_episode(DATASET.select(np.array([0, 2, 3]))) is None


def test_datasets_one_after_the_other():
    first, second = recording_of_episode(DATASET), np.zeros(4, dtype=np.int64)
    assert said_of([first, second]) == {"recordings": "[2, 3, 4]"}
    assert said_of([first[[0, 3, 4]]]) == {"recordings": "[1, 2]"}
    assert said_of([first, None]) == {}


@pytest.mark.parametrize(("of_other", "counts"), [({"recordings": "[5]"}, [3, 5]), ({}, None)])
def test_mixtures_keep_it_where_every_source_has_it(of_other, counts):
    first = replace(DATASET, attributes={"recordings": "[5]"})
    other = replace(DATASET, attributes=of_other)
    settings = MixSettings(sources={"a": {"num_episodes": 3}, "b": {}})
    recording = recording_of_episode(mix({"a": first, "b": other}, settings))
    assert (recording if recording is None else np.bincount(recording).tolist()) == counts
