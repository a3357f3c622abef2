import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.behaviour_cloning import CloneAllSettings, CloneSafe, CloneSafeSettings
from stages.safety.contract import train_safe
from stages.training.job import Job
from tests.safety.two_speeds import two_speeds

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    CloneAllSettings(hidden_sizes=(16, 16), num_steps=20, batch_size=16, learning_rate=0.001),
    CloneSafeSettings(hidden_sizes=(16, 16), num_steps=20, batch_size=16, learning_rate=0.001),
]

QUICK = {"hidden_sizes": (16,), "learning_rate": 0.01, "num_steps": 300, "batch_size": 64, "cost_limits": (2.0, 100.0)}


def first_actions(method, dataset=None, **settings):
    """Mean of the first action coordinate under each limit."""
    dataset = two_speeds() if dataset is None else dataset
    agent = load_agent([train_safe(Job(dataset, [0, 1]), SAFETY.choose({"method": method} | QUICK | settings))])
    observations = torch.from_numpy(dataset.observations[:40])
    means = []
    for limit in QUICK["cost_limits"]:
        agent.begin(Conditions(torch.arange(40) % 2, torch.full((40,), limit)))
        means.append(agent.act(observations)[:, 0].mean().item())
    return means


def test_of_all_episodes_it_is_the_average():
    tight, loose = first_actions("bc_all")
    assert tight == loose
    assert abs(tight) < 0.3


def test_of_the_safe_ones_it_follows_those_that_the_limit_allows():
    tight, loose = first_actions("bc_safe")
    assert tight == pytest.approx(-0.8, abs=0.1)
    assert abs(loose) < 0.3


def test_of_the_risky_ones_it_is_fast():
    settings = {"mode": "risky", "cost_limits": (2.0,)}
    agent = load_agent([train_safe(Job(two_speeds(), [0]), SAFETY.choose({"method": "bc_safe"} | QUICK | settings))])
    agent.begin(Conditions(torch.zeros(5, dtype=torch.int64), torch.full((5,), 2.0)))
    assert agent.act(torch.zeros(5, 3))[:, 0].mean().item() == pytest.approx(0.8, abs=0.1)


def test_under_a_limit_of_zero_only_free_episodes_are_cloned(monkeypatch):
    seen = []
    monkeypatch.setattr(CloneSafe, "cloned", lambda self, pools, limits: (seen.extend(pools), Artifact({}))[1])
    dataset = two_speeds()
    settings = SAFETY.choose({"method": "bc_safe", "cost_limits": (0.0,)}).settings
    CloneSafe(Job(dataset, [0]), settings).train()
    np.testing.assert_array_equal(seen[0], np.flatnonzero(dataset.costs == 0))


def test_limits_that_leave_nothing_to_clone_are_refused():
    dataset = two_speeds()
    dataset.costs[:] = 1
    with pytest.raises(UserError, match="no episode is safe under the cost limit 2"):
        first_actions("bc_safe", dataset)
    with pytest.raises(UserError, match="no episode is risky under the cost limit 100"):
        first_actions("bc_safe", mode="risky")


def test_an_agent_refuses_a_limit_it_was_not_trained_for():
    agent = load_agent([train_safe(Job(two_speeds(), [0]), SAFETY.choose({"method": "bc_safe"} | QUICK))])
    with pytest.raises(UserError, match="no policy was trained for the cost limit 3"):
        agent.begin(Conditions(torch.zeros(1, dtype=torch.int64), torch.tensor([3.0])))
