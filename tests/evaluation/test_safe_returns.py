import numpy as np
import pytest

from stages.environments.loading import make
from stages.evaluation.safe_returns import evaluate_safely
from stages.evaluation.settings import SafeEvaluationSettings
from tests.evaluation.agents import Diagonal

LIMITS = (10.0, 40.0)


def navigation():
    return make("safe_navigation")


def test_limits_run_one_by_one_where_memory_is_short(monkeypatch):
    settings = SafeEvaluationSettings(episodes=3, drawn=2)
    together = evaluate_safely(navigation, Diagonal(), [0, 1], LIMITS, settings)
    monkeypatch.setattr(type(navigation()), "most_agents", 6)
    agent = Diagonal()
    apart = evaluate_safely(navigation, agent, [0, 1], LIMITS, settings)
    assert agent.conditions.limits.tolist() == [40.0] * 6
    assert together.keys() == apart.keys()
    for name, values in together.items():
        np.testing.assert_array_equal(apart[name], values)


def test_what_is_kept_names_the_limits():
    arrays = evaluate_safely(navigation, Diagonal(1), [4], (40.0,), SafeEvaluationSettings(episodes=2, drawn=5))
    assert arrays["seeds"].tolist() == [4]
    assert arrays["limits"].tolist() == [40]
    assert arrays["paths"].shape[2] == 2
    chosen = SafeEvaluationSettings(episodes=1, cost_limits=LIMITS)
    assert evaluate_safely(navigation, Diagonal(1), [4], (40.0,), chosen)["returns"].shape == (1, 2, 1)


@pytest.mark.parametrize("limits", [(-1.0,), ()])
def test_limits_have_to_make_sense(limits):
    with pytest.raises(ValueError, match="cost_limits"):
        SafeEvaluationSettings(cost_limits=limits)
