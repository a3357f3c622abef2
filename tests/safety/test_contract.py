from dataclasses import replace

import numpy as np
import pytest
from pydantic import ValidationError

from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.contract import SafeSettings, cost_limits, train_safe
from stages.training.job import Job
from tests.safety.two_speeds import two_speeds


def test_limits_are_the_chosen_ones_or_the_benchmark_s():
    dataset = two_speeds()
    assert cost_limits((5.0, 3.0, 5.0), dataset) == (5.0, 3.0)
    hopper = replace(dataset, environment="SafetyHopperVelocity-v1")
    assert cost_limits(None, hopper) == (20.0, 40.0, 80.0)
    assert cost_limits((0.0,), hopper) == (0.0,)
    with pytest.raises(UserError, match="no cost limits are known for two speeds"):
        cost_limits(None, dataset)


@pytest.mark.parametrize("limits", [(-1.0,), (), (float("nan"),), (float("inf"),)])
def test_limits_that_make_no_sense_are_refused(limits):
    with pytest.raises(ValidationError, match="cost_limits"):
        SafeSettings(cost_limits=limits)


@pytest.mark.parametrize("method", SAFETY.names())
def test_numbers_of_actions_are_refused(method):
    dataset = two_speeds()
    discrete = replace(dataset, actions=np.zeros(dataset.num_steps, dtype=np.int64), num_actions=2)
    with pytest.raises(UserError, match="needs actions that are vectors"):
        train_safe(Job(discrete, [0]), SAFETY.choose({"method": method}))


@pytest.mark.parametrize("method", SAFETY.names())
def test_every_method_starts_from_the_same_settings(method):
    assert issubclass(SAFETY.settings(method), SafeSettings)
    assert SAFETY.settings(method)().cost_limits is None
