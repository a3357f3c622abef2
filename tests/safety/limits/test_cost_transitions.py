from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.errors import UserError
from stages.safety.limits.cost_transitions import CostTransitions, discounted_limit, horizon
from stages.training.job import Job
from tests.synthetic import ragged


def with_costs(costs=None):
    data = ragged()
    drawn = np.random.default_rng(1).random(data.num_steps, dtype=np.float32)
    return replace(data, costs=drawn if costs is None else np.full(data.num_steps, costs, dtype=np.float32))


def discounted_sums(values: np.ndarray, data, discount: float) -> np.ndarray:
    return np.array(
        [
            sum(discount ** (t - row) * values[t] for t in range(row, data.episode_ends[data.episode_of_step[row]]))
            for row in range(data.num_steps)
        ]
    )


@pytest.mark.parametrize("steps", [1, 2, 7, 300])
def test_a_limit_spread_evenly_over_the_steps_has_the_converted_discounted_sum(steps):
    evenly = sum(12.0 / steps * 0.9**t for t in range(steps))
    converted = discounted_limit(torch.tensor(12.0), 0.9, torch.tensor(float(steps)))
    assert float(converted) == pytest.approx(evenly, rel=1e-4)


def test_limits_convert_by_hand():
    # 10 (1 - 0.25) / (0.5 * 2); a single step is not discounted; nothing stays nothing.
    limits, steps = torch.tensor([10.0, 10.0, 0.0]), torch.tensor([2.0, 1.0, 50.0])
    torch.testing.assert_close(discounted_limit(limits, 0.5, steps), torch.tensor([7.5, 10.0, 0.0]))


def test_rows_are_in_units_of_the_spread_and_stop_at_terminations():
    data = with_costs()
    made = CostTransitions.of(Job(data, [0]), 0.9)
    rows = made.rows.chunk(0, data.num_steps)
    returns = discounted_sums(data.rewards, data, 0.9)
    assert made.reward_scale == pytest.approx(returns.std(), rel=1e-5)
    assert made.cost_scale == pytest.approx(discounted_sums(data.costs, data, 0.9).std(), rel=1e-5)
    assert made.smallest_value == pytest.approx(returns.min() / returns.std(), rel=1e-5)
    np.testing.assert_allclose(rows["costs"].flatten() * made.cost_scale, data.costs, rtol=1e-5)
    np.testing.assert_allclose(rows["rewards"].flatten() * made.reward_scale, data.rewards, rtol=1e-5)
    np.testing.assert_allclose(rows["discounts"].flatten(), np.where(data.terminations, 0, 0.9), rtol=1e-6)
    assert data.truncations.any()


def test_costs_that_are_all_zero_are_left_as_they_are():
    assert CostTransitions.of(Job(with_costs(0.0), [0]), 0.9).cost_scale == 1.0


def test_the_longest_episode_is_the_benchmark_s_or_else_the_data_s():
    data = with_costs()
    assert horizon(data) == data.episode_lengths.max()
    assert horizon(replace(data, environment="SafetyHopperVelocity-v1")) == 1000


def test_without_costs_one_line_says_so():
    with pytest.raises(UserError, match="needs costs"):
        CostTransitions.of(Job(ragged(), [0]), 0.9)
