"""What changes during a recording is told from what does not."""

from dataclasses import replace

import numpy as np
import pytest

from stages.clustering.certainty.drift import drift_p_value
from tests.clustering.certainty.linear_worlds import EPISODES, drifting, linear_world, one_after_the_other
from tests.clustering.tables import long_table_dataset

ALL = np.zeros(EPISODES, dtype=np.int64)


def p_value(dataset, labels=ALL, recording=ALL):
    return drift_p_value(dataset, labels, recording, np.random.default_rng(0))


def test_a_learner_drifts_also_where_it_was_cut_into_clusters():
    dataset = linear_world(drifting())
    assert p_value(dataset) == 0.001
    assert p_value(dataset, np.arange(EPISODES) // 20) == 0.001


def test_shuffled_it_does_not():
    order = np.random.default_rng(0).permutation(EPISODES)
    assert p_value(linear_world(drifting()[order])) > 0.01


def test_p_values_of_one_policy_are_uniform():
    found = np.array([p_value(linear_world(np.full(EPISODES, 0.5), seed=seed)) for seed in range(40)])
    assert 0.3 < np.median(found) < 0.7
    assert (found <= 0.1).sum() <= 9  # 4 are expected; of 40, more than 9 happen once in 200 times


def test_policies_one_after_the_other_are_no_drift_once_they_are_clusters_or_recordings():
    dataset, second_half = linear_world(one_after_the_other()), np.arange(EPISODES) // (EPISODES // 2)
    assert p_value(dataset) == 0.001
    assert p_value(dataset, labels=second_half) > 0.01
    assert p_value(dataset, recording=second_half) > 0.01


def test_noise_that_grows_is_drift():
    dataset = linear_world(np.full(EPISODES, 0.5))
    random, level = np.random.default_rng(1), np.linspace(0.1, 0.5, EPISODES)[dataset.episode_of_step, None]
    actions = dataset.observations + level * random.standard_normal(dataset.actions.shape)
    assert p_value(replace(dataset, actions=actions.astype(np.float32))) == 0.001


def test_discrete_actions():
    dataset = long_table_dataset(60, 2)
    truth = dataset.behaviour_policy
    assert p_value(dataset.select(np.argsort(truth, kind="stable"))) == 0.001
    assert p_value(dataset, labels=truth) > 0.01


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_units_do_not_matter(scale):
    dataset = linear_world(np.full(EPISODES, 0.5))
    other = replace(dataset, observations=dataset.observations * np.float32(scale))
    assert p_value(other) == pytest.approx(p_value(dataset), abs=0.005)


def test_nothing_is_said_without_the_order_of_recording_or_of_few_episodes():
    dataset = linear_world(drifting())
    assert p_value(dataset, recording=None) is None
    assert p_value(dataset, labels=np.arange(EPISODES) // 7) is None
