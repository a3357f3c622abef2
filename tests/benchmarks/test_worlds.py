import numpy as np
import pytest

from benchmarks.worlds import boxes, operators  # noqa: F401  list their worlds
from benchmarks.worlds.judging import ORACLES, WORLDS
from benchmarks.worlds.oracle import oracle
from stages.seeding import generator

NUM_POLICIES = {
    "precise": 2,
    "small_gap": 3,
    "wide": 4,
    "collinear_actions": 3,
    "rare": 2,
    "twelve": 12,
    "twenty": 20,
    "four_networks": 4,
    "near_networks": 3,
    "networks_lasting_noise": 3,
    "two_clipped": 2,
    "two_choosers": 2,
    "four_choosers": 4,
    "three_choosing_networks": 3,
    "two_throttles": 2,
    "two_squashed": 2,
    "three_at_the_edge": 3,
    "three_grippers": 3,
    "four_drivers": 4,
    "six_mildly_clipped": 6,
    "eight_joysticks": 8,
    "people_in_the_plane": 26,
    "people_in_a_game": 22,
    "arm_operators": 12,
    "drone_pilots": 20,
}


def drawn(name, seed=0):
    return WORLDS[name](generator(seed, f"judging world {name}"))


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_draws_a_valid_dataset_of_as_many_policies_as_it_says(name):
    dataset = drawn(name)
    counts = np.bincount(dataset.behaviour_policy)
    assert len(counts) == len(dataset.behaviour_policy_names) == NUM_POLICIES.get(name, 1)
    assert counts.min() > 1 and counts.sum() == dataset.num_episodes
    assert (NUM_POLICIES.get(name, 1) == 1) == name.startswith("one_")
    assert len(set(dataset.episode_lengths)) > 10
    assert all(np.isfinite(values).all() for values in (dataset.observations, dataset.actions))
    assert dataset.observations.dtype == np.float32 and np.abs(dataset.observations).max() < 30
    inner = np.setdiff1d(np.arange(dataset.num_steps), dataset.episode_ends - 1)
    assert (dataset.next_observations[inner] == dataset.observations[inner + 1]).all()
    if dataset.num_actions is not None:
        assert set(dataset.actions) == set(range(dataset.num_actions))


@pytest.mark.parametrize("name", WORLDS)
def test_a_world_is_fixed_by_its_seed(name):
    dataset, again, other = drawn(name), drawn(name), drawn(name, 1)
    assert np.array_equal(dataset.observations, again.observations)
    assert np.array_equal(dataset.actions, again.actions)
    assert np.array_equal(dataset.behaviour_policy, again.behaviour_policy)
    assert not np.array_equal(dataset.observations[:50], other.observations[:50])


@pytest.mark.parametrize("name", ["precise", "collinear_actions", "near_networks", "four_choosers"])
def test_the_oracle_knows_policies_apart_that_are_of_its_family(name):
    dataset = drawn(name)
    assert np.array_equal(oracle(dataset, ORACLES[name]), dataset.behaviour_policy)


def test_the_oracle_errs_where_episodes_overlap():
    dataset = drawn("small_gap")
    wrong = (oracle(dataset, ORACLES["small_gap"]) != dataset.behaviour_policy).mean()
    assert 0.01 < wrong < 0.25
