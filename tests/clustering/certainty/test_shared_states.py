"""Clusters and regions that share no states are told, others not."""

from dataclasses import replace

import numpy as np
import pytest

from stages.clustering.certainty.shared_states import regions, without_shared_states
from tests.clustering.certainty.linear_worlds import EPISODES, linear_world
from tests.synthetic import dataset_of

GAPS, ALTERNATING = np.full(EPISODES, 0.5), np.arange(EPISODES) % 2


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
@pytest.mark.parametrize(("shift", "shared_steps", "apart"), [(5, 0, [(0, 1)]), (0, 0, []), (1, 0, []), (5, 1, [])])
def test_clusters_that_share_no_states(shift, shared_steps, apart, scale):
    dataset = linear_world(GAPS, shift, shared_steps)
    dataset = replace(dataset, observations=dataset.observations * np.float32(scale))
    assert without_shared_states(dataset, ALTERNATING) == apart


def test_a_misplaced_episode_hides_it_and_three_episodes_do_not_show_it():
    dataset, labels = linear_world(GAPS, shift=5), ALTERNATING.copy()
    labels[0] = 1
    assert without_shared_states(dataset, labels) == []
    few = dataset.select(np.array([1, 3, 5, *range(0, EPISODES, 2)]))
    assert without_shared_states(few, np.repeat([1, 0], [3, EPISODES // 2])) == []


def test_empty_clusters_are_in_no_pair():
    assert without_shared_states(linear_world(GAPS, shift=5), 2 * ALTERNATING) == [(0, 2)]


def test_states_that_recur():
    random = np.random.default_rng(0)
    cells = random.integers(0, 4, (20, 12, 1)).astype(np.float32)
    cells[1::2] += 4
    flat = cells.reshape(-1, 1)
    dataset = dataset_of(flat, flat, np.zeros(len(flat)), [12] * 20)
    assert without_shared_states(dataset, np.arange(20) % 2) == [(0, 1)]
    assert without_shared_states(dataset, np.arange(20) // 10) == []
    assert regions(dataset, np.zeros(20, dtype=np.int64)) == {0: 2}


@pytest.mark.parametrize(("shift", "found"), [(5, {0: 2}), (0, {}), (1, {})])
def test_regions_within_a_cluster(shift, found):
    assert regions(linear_world(GAPS, shift), np.zeros(EPISODES, dtype=np.int64)) == found


@pytest.mark.parametrize("within", [0.0, 0.01, 1.0])
def test_episodes_that_stay_where_they_start_are_one_region(within):
    random = np.random.default_rng(0)
    states = random.standard_normal((50, 1, 3)) + within * random.standard_normal((50, 20, 3))
    flat = states.reshape(-1, 3)
    dataset = dataset_of(flat, flat, np.zeros(len(flat)), [20] * 50)
    assert regions(dataset, np.zeros(50, dtype=np.int64)) == {}
