import numpy as np
import pytest

from stages.diagnosis.conflicts import conflict_rates, exact_conflicts, numbered_states, recurrence
from stages.generators.gridworlds import DiagonalDataSettings, diagonal
from tests.evaluation.walks import random_walks, walks


def by_hand(dataset):
    """The definition: some state occurs in both episodes with different actions."""
    pairs = [
        set(zip(dataset.observations[start:end, 0].tolist(), dataset.actions[start:end].tolist(), strict=True))
        for start, end in zip(dataset.episode_starts, dataset.episode_ends, strict=True)
    ]
    differ = [[any(s == r and a != b for s, a in mine for r, b in theirs) for theirs in pairs] for mine in pairs]
    return np.array(differ)


def test_episodes_with_known_conflicts():
    dataset = walks([(0, 0), (1, 1)], [(1, 1), (2, 0)], [(2, 2)], [(3, 0)], [(0, 0), (0, 1)])
    expected = np.zeros((5, 5), dtype=bool)
    expected[1, 2] = expected[2, 1] = True
    expected[0, 4] = expected[4, 0] = True
    expected[4, 4] = True
    np.testing.assert_array_equal(exact_conflicts(dataset), expected)


@pytest.mark.parametrize("seed", range(3))
def test_random_episodes_conflict_as_defined(seed):
    dataset = random_walks([[0, 1, 2, 0], [0, 2, 1, 0]], episodes=25, steps=4, noise=0.2, seed=seed)
    found = exact_conflicts(dataset)
    np.testing.assert_array_equal(found, by_hand(dataset))
    order = np.random.default_rng(seed).permutation(25)
    np.testing.assert_array_equal(exact_conflicts(dataset.select(order)), found[np.ix_(order, order)])


def test_visiting_a_state_again_with_the_same_action_is_no_conflict():
    dataset = walks([(0, 1), (0, 1), (0, 1)], [(0, 1), (5, 0)])
    assert not exact_conflicts(dataset).any()


def test_states_are_whole_observations():
    observations = np.array([[0.0, 1.0], [1.0, 0.0], [-0.0, 1.0], [0.0, 1.0 + 1e-6]], dtype=np.float32)
    np.testing.assert_array_equal(numbered_states(observations), [0, 1, 0, 2])


def test_recurrence_counts_steps_in_states_of_others():
    assert recurrence(walks([(0, 0), (1, 0)], [(0, 1), (2, 0)])) == 0.5
    assert recurrence(walks([(0, 0), (0, 0)])) == 0.0


def test_rates_are_of_pairs_of_different_episodes():
    conflict = np.array([[1, 1, 0, 0], [1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]], dtype=bool)
    found = conflict_rates(conflict, np.array([0, 0, 1, 1]), 3)
    np.testing.assert_allclose(found, [[1, 0.25, np.nan], [0.25, 1, np.nan], [np.nan] * 3])
    single = conflict_rates(conflict, np.array([0, 0, 0, 1]), 2)
    np.testing.assert_allclose(single, [[2 / 3, 1 / 3], [1 / 3, np.nan]])


def test_true_clusters_of_deterministic_policies_have_no_inner_conflict():
    dataset = random_walks([[0, 1, 2], [1, 1, 0], [2, 2, 2]])
    rates = conflict_rates(exact_conflicts(dataset), dataset.behaviour_policy, 3)
    assert (rates.diagonal() == 0).all()
    assert (rates[~np.eye(3, dtype=bool)] > 0.5).all()


@pytest.mark.slow
def test_published_policies_of_diagonal_conflict_as_simulated_elsewhere():
    """Shares of conflicting pairs at slip 0.3, from a separate simulation of 20,000 episodes per policy."""
    names = ["rightfirst", "downfirst", "balanced", "zigzag1", "zigzag2"]
    dataset = diagonal(DiagonalDataSettings(episodes=dict.fromkeys(names, 1500)))
    order = [dataset.behaviour_policy_names.index(name) for name in names]
    rates = conflict_rates(exact_conflicts(dataset), dataset.behaviour_policy, 5)[np.ix_(order, order)]
    expected = {
        (0, 1): 0.45, (0, 2): 0.61, (0, 3): 0.51, (0, 4): 0.53, (1, 2): 0.66,
        (1, 3): 0.52, (1, 4): 0.52, (2, 3): 0.82, (2, 4): 0.31, (3, 4): 0.71,
    }  # fmt: skip
    for pair, rate in expected.items():
        assert rates[pair] == pytest.approx(rate, abs=0.04), pair
    assert (rates.diagonal() == 0).all()
