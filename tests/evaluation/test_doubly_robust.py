import itertools

import numpy as np
import pytest

from stages.evaluation.doubly_robust import doubly_robust
from tests.evaluation.tabular import DISCOUNT
from tests.synthetic import dataset_of

STEPS = 3
UP = np.array([0.8, 0.3, 0.6])  # of the policy, by time; the behaviour takes either action as often
RANDOM = np.random.default_rng(0)


def every_sequence(truncated: bool = False):
    """All sequences of two actions, one episode each; rewards depend on the actions so far, the state on time alone."""
    sequences = np.array(list(itertools.product([0, 1], repeat=STEPS)))
    rewards = np.cumsum(sequences * [1.0, -2.0, 3.0], axis=1) + 1
    times = np.tile(np.arange(STEPS), len(sequences))
    dataset = dataset_of(
        np.eye(STEPS)[times],
        2.0 * sequences.reshape(-1, 1) - 1,
        rewards.reshape(-1),
        [STEPS] * len(sequences),
        [truncated] * len(sequences),
    )
    chances = np.where(sequences == 1, UP, 1 - UP)
    value = (chances.prod(axis=1) * (rewards * DISCOUNT ** np.arange(STEPS)).sum(axis=1)).sum()
    return dataset, np.log(chances / 0.5).reshape(1, -1), value


def random_values(dataset):
    """Values that have nothing to do with the task: V is the policy's mean of Q."""
    q = RANDOM.normal(size=(STEPS, 2))
    v = np.append((1 - UP) * q[:, 0] + UP * q[:, 1], 0.7)
    time, action = dataset.observations.argmax(1), (dataset.actions[:, 0] > 0).astype(int)
    return q[time, action][None], v[time + 1][None], np.full((1, dataset.num_episodes), v[0]), v


@pytest.mark.parametrize("truncated", [False, True])
def test_the_estimate_is_exact_whatever_is_thought_of_values(truncated):
    dataset, log_ratios, value = every_sequence(truncated)
    of_steps, after, starts, v = random_values(dataset)
    (found,), (effective,) = doubly_robust(dataset, log_ratios, of_steps, after, starts, DISCOUNT)
    # The rest of an episode that was cut off is what is thought of the state it was cut off in.
    assert found == pytest.approx(value + truncated * DISCOUNT**STEPS * v[-1])
    weights = np.exp(log_ratios.reshape(-1, STEPS).sum(1)) / dataset.num_episodes
    assert effective == pytest.approx(1 / (weights**2).sum())


def test_right_values_need_no_right_ratios():
    """A task without chance: every step's reward is what its value says."""
    dataset, _, _ = every_sequence()
    rewards = dataset.rewards.astype(float).reshape(-1, STEPS)
    to_go = np.stack([(rewards[:, t:] * DISCOUNT ** np.arange(STEPS - t)).sum(1) for t in range(STEPS)], axis=1)
    after = np.append(to_go[:, 1:], np.zeros((len(to_go), 1)), axis=1)
    starts = RANDOM.normal(size=(2, dataset.num_episodes))
    wrong = RANDOM.normal(size=(2, dataset.num_steps))
    both = [np.tile(values.reshape(1, -1), (2, 1)) for values in (to_go, after)]
    found = doubly_robust(dataset, wrong, *both, starts, DISCOUNT)
    np.testing.assert_allclose(found.values, starts.mean(1), atol=1e-6)


def test_an_episode_that_ended_still_counts_among_those_that_go_on():
    dataset = dataset_of(np.zeros((3, 1)), np.zeros((3, 1)), np.array([1.0, 0, 10.0]), [1, 2])
    nothing = np.zeros((1, 3))
    found = doubly_robust(dataset, np.log([[3.0, 1.0, 1.0]]), nothing, nothing, np.zeros((1, 2)), 1.0)
    # Weights are 3/4 and 1/4 at both times, though the first episode has one step.
    assert found.values[0] == pytest.approx(0.75 * 1 + 0.25 * 10)
    assert found.effective_episodes[0] == pytest.approx(1 / (0.75**2 + 0.25**2))


def test_ratios_beyond_the_range_of_numbers_leave_one_episode():
    dataset = dataset_of(np.zeros((2000, 1)), np.zeros((2000, 1)), np.ones(2000), [1000, 1000])
    log_ratios = np.concatenate([np.full(1000, 5.0), np.full(1000, -5.0)])[None]
    nothing = np.zeros((1, 2000))
    found = doubly_robust(dataset, log_ratios, nothing, nothing, np.zeros((1, 2)), 0.9)
    assert found.effective_episodes[0] == pytest.approx(1)
    assert found.values[0] == pytest.approx((1 - 0.9**1000) / 0.1, rel=1e-3)
