import numpy as np
import pytest

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.transitions import n_step, next_row, returns_to_go, to_the_end, unit_of
from tests.synthetic import dataset_of, ragged

SEEDS = range(5)


def episodes(dataset: EpisodeDataset) -> list[range]:
    """Rows of each episode, found by walking over the flags."""
    found, start = [], 0
    for row in range(dataset.num_steps):
        if dataset.terminations[row] or dataset.truncations[row]:
            found.append(range(start, row + 1))
            start = row + 1
    return found


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("discount", [0.0, 0.9, 1.0])
def test_returns_equal_an_explicit_loop(seed, discount):
    dataset = ragged(seed)
    expected = np.zeros(dataset.num_steps)
    for rows in episodes(dataset):
        for row in rows:
            expected[row] = sum(
                discount**i * float(dataset.rewards[later]) for i, later in enumerate(range(row, rows.stop))
            )
    np.testing.assert_allclose(returns_to_go(dataset, discount), expected, atol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_next_row_stays_in_the_episode(seed):
    dataset = ragged(seed)
    following, has_next = next_row(dataset)
    for rows in episodes(dataset):
        for row in rows:
            last = row == rows[-1]
            assert has_next[row] == (not last)
            assert following[row] == (row if last else row + 1)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("n", [1, 2, 3, 50])
@pytest.mark.parametrize("discount", [0.0, 0.9, 1.0])
def test_n_step_equals_an_explicit_loop(seed, n, discount):
    dataset = ragged(seed)
    steps = n_step(dataset, n, discount)
    for rows in episodes(dataset):
        for row in rows:
            summed = range(row, min(row + n, rows.stop))
            rewards = sum(discount**i * float(dataset.rewards[later]) for i, later in enumerate(summed))
            assert steps.rewards[row] == pytest.approx(rewards, abs=1e-10)
            assert steps.last_row[row] == summed[-1]
            ended = dataset.terminations[summed[-1]]
            assert steps.discounts[row] == pytest.approx(0.0 if ended else discount ** len(summed))


def test_truncation_bootstraps_and_termination_does_not():
    arrays = np.zeros((6, 1)), np.zeros((6, 1)), np.ones(6)
    dataset = dataset_of(*arrays, lengths=[3, 3], truncated=[True, False])
    steps = n_step(dataset, 2, 0.5)
    np.testing.assert_allclose(steps.discounts, [0.25, 0.25, 0.5, 0.25, 0, 0])
    np.testing.assert_allclose(steps.rewards, [1.5, 1.5, 1, 1.5, 1.5, 1])
    np.testing.assert_array_equal(steps.last_row, [1, 2, 2, 4, 5, 5])


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("discount", [0.0, 0.9, 1.0])
def test_what_was_cut_off_counts_as_much_as_its_steps_away(seed, discount):
    dataset = ragged(seed)
    rest = to_the_end(dataset, discount)
    np.testing.assert_array_equal(rest.rewards, returns_to_go(dataset, discount))
    for rows in episodes(dataset):
        cut = dataset.truncations[rows[-1]]
        for row in rows:
            assert rest.last_row[row] == rows[-1]
            assert rest.discounts[row] == pytest.approx(cut * discount ** (rows.stop - row))


def test_nothing_after_an_episode_matters():
    dataset = ragged(1)
    stop = dataset.episode_ends[3]
    short = dataset.select(np.arange(4))
    for n in (1, 3):
        whole, part = n_step(dataset, n, 0.9), n_step(short, n, 0.9)
        np.testing.assert_allclose(whole.rewards[:stop], part.rewards, atol=1e-12)
        np.testing.assert_array_equal(whole.discounts[:stop], part.discounts)
        np.testing.assert_array_equal(whole.last_row[:stop], part.last_row)
    np.testing.assert_array_equal(returns_to_go(dataset, 0.9)[:stop], returns_to_go(short, 0.9))


def test_long_episodes_keep_their_small_rewards():
    rewards = np.full(50_000, 0.1)
    dataset = dataset_of(np.zeros((50_000, 1)), np.zeros((50_000, 1)), rewards, [50_000])
    assert returns_to_go(dataset, 1.0)[0] == pytest.approx(50_000 * float(np.float32(0.1)), rel=1e-9)
    n_step_rewards = n_step(dataset, 3, 0.999).rewards
    np.testing.assert_allclose(n_step_rewards[:-3], float(np.float32(0.1)) * (1 + 0.999 + 0.999**2), rtol=1e-6)


@pytest.mark.parametrize("unit", [2.0**-120, 1.0, 2.0**100])
def test_values_are_around_one_in_any_unit_of_rewards(unit):
    returns = np.random.default_rng(0).standard_normal(50)
    assert unit_of(unit * returns) == unit * returns.std()
    assert unit_of(np.full(50, unit)) == 1.0
    assert unit_of(np.zeros(50)) == 1.0
