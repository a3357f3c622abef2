import numpy as np
import pytest
import torch

from stages.environments.loading import make
from stages.evaluation.safe_rollouts import SafeEvaluationSettings, evaluate_safely, roll_out_safely
from stages.safety.contract import SafeAgent

LIMITS = (10.0, 40.0)


class Diagonal(SafeAgent):
    """Goes straight to the goal, or, under a limit below 20, stays where it is."""

    def begin(self, seed_index, limits):
        self.seed_index, self.limits, self.observed = seed_index, limits, []

    def act(self, observations):
        return torch.where(
            self.limits[:, None] < 20, torch.zeros_like(observations), torch.full_like(observations, 0.2)
        )

    def observe(self, rewards, costs):
        self.observed.append((rewards, costs))


def navigation():
    return make("safe_navigation")


def test_every_seed_acts_under_every_limit():
    agent = Diagonal()
    done = roll_out_safely(navigation, agent, [0, 1], LIMITS, episodes=3, drawn=2)
    assert done.returns.shape == done.costs.shape == (2, 2, 3)
    assert agent.seed_index.tolist() == [0] * 6 + [1] * 6
    assert agent.limits.tolist() == ([10.0] * 3 + [40.0] * 3) * 2
    assert (done.lengths[:, 0] == 300).all()
    assert not done.terminated[:, 0].any()
    assert (done.costs[:, 0] == 0).all()
    assert done.terminated[:, 1].all()
    assert (done.costs[:, 1] > 40).all()
    np.testing.assert_array_equal(done.returns[:, 1], 1 - done.lengths[:, 1])
    assert done.paths.shape == (2, 2, 2, 300, 2)
    assert np.isnan(done.paths[:, 1, :, -1]).all()
    costs = torch.stack([costs for _, costs in agent.observed])[:90].sum(0)
    assert costs.view(2, 2, 3)[0, 1, 0].item() == done.costs[0, 1, 0]


def test_starts_are_those_of_the_seed_under_every_limit():
    block = roll_out_safely(navigation, Diagonal(), [0, 1], LIMITS, episodes=3, drawn=3)
    alone = roll_out_safely(navigation, Diagonal(), [1], LIMITS[1:], episodes=3, drawn=3)
    np.testing.assert_array_equal(block.paths[:, 0, :, 0], block.paths[:, 1, :, 0])
    np.testing.assert_array_equal(block.costs[1, 1], alone.costs[0, 0])


def test_limits_run_one_by_one_where_memory_is_short(monkeypatch):
    settings = SafeEvaluationSettings(episodes=3, drawn=2)
    together = evaluate_safely(navigation, Diagonal(), [0, 1], LIMITS, settings)
    monkeypatch.setattr(type(navigation()), "most_agents", 6)
    agent = Diagonal()
    apart = evaluate_safely(navigation, agent, [0, 1], LIMITS, settings)
    assert agent.limits.tolist() == [40.0] * 6
    assert together.keys() == apart.keys()
    for name, values in together.items():
        np.testing.assert_array_equal(apart[name], values)


def test_what_is_kept_names_the_limits():
    arrays = evaluate_safely(navigation, Diagonal(), [4], (40.0,), SafeEvaluationSettings(episodes=2, drawn=5))
    assert arrays["seeds"].tolist() == [4]
    assert arrays["limits"].tolist() == [40]
    assert arrays["paths"].shape[2] == 2
    chosen = SafeEvaluationSettings(episodes=1, cost_limits=LIMITS)
    assert evaluate_safely(navigation, Diagonal(), [4], (40.0,), chosen)["returns"].shape == (1, 2, 1)


@pytest.mark.parametrize("limits", [(-1.0,), ()])
def test_limits_have_to_make_sense(limits):
    with pytest.raises(ValueError, match="cost_limits"):
        SafeEvaluationSettings(cost_limits=limits)
