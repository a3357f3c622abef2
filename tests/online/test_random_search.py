from dataclasses import replace

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from stages.environments.base import Step, VectorEnvironment
from stages.errors import UserError
from stages.online.random_search import RandomSearchSettings, gaussian_policy, train
from stages.online.training import OnlineJob
from stages.training.checkpoint import Checkpoint

SHORT = {"num_steps": 5000, "num_directions": 4, "num_best": 2, "step_size": 0.05, "num_snapshots": 4}
HORIZON = 50


class Signs(VectorEnvironment):
    """The action is to have the sign that is seen; their product, times a gust, is a speed to be kept below 0.3.

    The speed is the reward; above 0.3 it costs 1.
    """

    has_costs = True
    max_episode_steps = HORIZON
    observation_low, observation_high = -np.ones(1), np.ones(1)
    action_low, action_high = -np.ones(1), np.ones(1)

    def reset(self, num_agents, generator):
        self.signs = generator.choice([-1.0, 1.0], size=(num_agents, HORIZON + 1))
        self.gusts = generator.uniform(size=(num_agents, HORIZON))
        self.time = 0
        return self.signs[:, :1]

    def step(self, actions):
        rewards = actions[:, 0] * self.signs[:, self.time] * self.gusts[:, self.time]
        self.time += 1
        terminated = np.zeros(len(actions), dtype=bool)
        return Step(self.signs[:, [self.time]], rewards, terminated, (rewards > 0.3).astype(float))


@pytest.fixture
def job(monkeypatch):
    monkeypatch.setattr(OnlineJob, "make", lambda self: Signs())
    return OnlineJob("signs", seed=3)


def weight(actors):
    """The action that a policy takes where it sees 1."""
    return float(actors.act(torch.ones(1, 1, 1), torch.zeros(1, 1, 1)))


@pytest.mark.parametrize(("limit", "least", "most"), [(1000.0, 0.9, 1.0), (0.0, 0.1, 0.4)])
def test_without_a_limit_it_is_fast_and_with_one_just_not_too_fast(job, limit, least, most):
    settings = RandomSearchSettings(**SHORT | {"num_steps": 40_000, "cost_limits": [limit], "cost_penalty": 10.0})
    assert least <= weight(train(job, settings)[-1]) <= most


def test_a_moving_limit_leaves_both_kinds_of_policy(job):
    # Half the steps may cost at first, which weights up to 0.6 keep to, and none in the end, 0.3. A search without any
    # limit, or of long steps, may reach weights so large that no direction changes clipped actions, and stays there.
    limits = {"cost_limits": [500.0, 500.0, *[0.0] * 6], "cost_penalty": 10.0, "num_snapshots": 8, "step_size": 0.02}
    weights = [weight(a) for a in train(job, RandomSearchSettings(**SHORT | limits | {"num_steps": 60_000}))]
    assert max(weights) > 0.43 and weights[-1] < 0.37  # of 60 seeds the least is 0.48, the most 0.32


def test_policies_are_kept_at_equal_distances_and_follow_the_seed(job):
    settings = RandomSearchSettings(**SHORT)
    first, again = train(job, settings), train(job, settings)
    other = train(replace(job, seed=4), settings)
    steps = [int(actors.names[0].removeprefix("step ")) for actors in first]
    assert steps == [1600, 2800, 4000, 5200]
    for a, b, c in zip(first, again, other, strict=True):
        assert torch.equal(a.parameters, b.parameters)
        assert not torch.equal(a.parameters, c.parameters)


def test_an_interrupted_search_goes_on_as_if_it_had_not_been(job, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = RandomSearchSettings(**SHORT)
    whole = train(job, settings)
    original = Checkpoint.save_if_due

    def save_and_die(self, learner, metrics, step):
        self.save(learner, metrics, step)
        if step > 2000:
            raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "save_if_due", save_and_die)
    job = replace(job, output="a.safetensors", fingerprint="x")
    with pytest.raises(KeyboardInterrupt):
        train(job, settings)
    monkeypatch.setattr(Checkpoint, "save_if_due", original)
    for a, b in zip(whole, train(job, settings), strict=True):
        assert a.names == b.names and torch.equal(a.parameters, b.parameters)


def test_the_limit_moves_from_one_to_the_next():
    settings = RandomSearchSettings(cost_limits=[100, 0, 40])
    assert [settings.cost_limit(share) for share in (0.0, 0.25, 0.5, 0.75, 1.0)] == [100, 50, 0, 20, 40]


def test_kept_policies_are_gaussians_around_the_linear_action():
    weights = np.array([[0.5, 0.0], [0.0, -0.2], [0.1, 0.3]])
    actors = gaussian_policy("a", weights, 0.1)
    seen = torch.tensor([[[1.0, 2.0], [9.0, 0.0]]])
    expected = torch.tensor([[[0.6, -0.1], [1.0, 0.3]]])
    torch.testing.assert_close(actors.act(seen, torch.zeros(1, 2, 2)), expected)
    noisy = actors.act(seen, torch.ones(1, 2, 2))
    torch.testing.assert_close(noisy, torch.tensor([[[0.7, 0.0], [1.0, 0.4]]]))


@pytest.mark.parametrize(
    ("settings", "cause"),
    [({"num_best": 9}, "more than the 8 directions"), ({"cost_limits": [10, -1]}, "limit -1 is negative")],
)
def test_impossible_settings_are_refused(settings, cause):
    with pytest.raises(ValidationError, match=cause):
        RandomSearchSettings(**settings)


def test_tasks_without_action_vectors_are_refused():
    with pytest.raises(UserError, match="actions are not vectors"):
        train(OnlineJob("diagonal"), RandomSearchSettings())
