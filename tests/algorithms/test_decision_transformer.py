import numpy as np
import pytest
import torch
from pydantic import ValidationError

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import train_offline
from stages.algorithms.decision_transformer import DecisionTransformer, DecisionTransformerSettings
from stages.errors import UserError
from stages.training.job import Job
from tests.synthetic import dataset_of, ragged, two_policies

SMALLEST = [
    DecisionTransformerSettings(
        hidden_sizes=(16, 16), width=8, context=5, batch_size=50, num_steps=40, learning_rate=0.003, warmup_steps=0
    ),
]
SMALL = {"hidden_sizes": (16,), "width": 8, "num_heads": 2, "context": 4}


@pytest.fixture
def learner() -> DecisionTransformer:
    return DecisionTransformer(Job(ragged(), [0, 1]), DecisionTransformerSettings(**SMALL))


def test_windows_are_read_right(learner):
    dataset = learner.job.dataset
    returns = np.array(
        [dataset.rewards[i : dataset.episode_ends[e]].sum() for i, e in enumerate(dataset.episode_of_step)]
    )
    scaled = (returns - returns.mean()) / returns.std()
    assert len(learner.rows) == dataset.num_steps
    batch = learner.rows.gather(torch.arange(dataset.num_steps).expand(2, -1))
    for first in range(dataset.num_steps):
        episode = dataset.episode_of_step[first]
        length = min(4, dataset.episode_ends[episode] - first)
        steps = slice(first, first + length)
        assert batch["mask"][1, first].tolist() == [1.0] * length + [0.0] * (4 - length)
        times = np.arange(first, first + length) - dataset.episode_starts[episode]
        assert batch["times"][1, first, :length].tolist() == times.tolist()
        np.testing.assert_allclose(batch["returns_to_go"][1, first, :length, 0], scaled[steps], rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(batch["actions"][1, first, :length], learner.job.actions[steps])
        torch.testing.assert_close(batch["observations"][1, first, :length], learner.job.observations[steps])


def test_the_loss_is_the_mean_squared_error_over_steps_that_are_no_padding(learner):
    batch = learner.rows.gather(torch.arange(learner.job.dataset.num_steps).expand(2, -1))
    assert 0 < batch["mask"].mean() < 1
    outputs = learner.network(learner.actor.parameters, batch).detach().double()
    counted = batch["mask"][0].bool()
    for seed in range(2):
        expected = (outputs[seed][counted] - batch["actions"][seed][counted]).pow(2).mean()
        if seed == 0:
            first = expected
    torch.testing.assert_close(learner.fit(batch)["actor"].detach().double(), torch.stack([first, expected]))


def test_gradients_are_those_of_finite_differences(learner):
    batch = learner.rows.gather(torch.arange(12).expand(2, -1))

    def loss_at(parameters: torch.Tensor) -> torch.Tensor:
        error = (learner.network(parameters, inputs) - inputs["actions"]).square().mean(-1)
        return ((error * inputs["mask"]).sum((1, 2)) / inputs["mask"].sum((1, 2))).sum()

    learner.actor.apply_gradient = lambda: None
    learner.fit(batch)
    gradient = learner.actor.parameters.grad.double()
    inputs = {name: values if name == "times" else values.double() for name, values in batch.items()}
    start = learner.actor.parameters.detach().double()
    direction = gradient / gradient.norm()
    slope = (loss_at(start + 1e-5 * direction) - loss_at(start - 1e-5 * direction)) / 2e-5
    assert float(slope) == pytest.approx(float(gradient.norm()), rel=1e-3)


def test_an_action_depends_on_nothing_that_comes_after_its_observation(learner):
    batch = learner.rows.gather(torch.full((2, 1), 15))
    before = learner.network(learner.actor.parameters, batch)
    later = {name: values.clone() for name, values in batch.items()}
    later["actions"][:, :, 2:] += 1
    later["observations"][:, :, 3:] += 1
    after = learner.network(learner.actor.parameters, later)
    torch.testing.assert_close(after[:, :, :3], before[:, :, :3])
    assert not torch.allclose(after[:, :, 3], before[:, :, 3])
    earlier = batch | {"returns_to_go": batch["returns_to_go"] + 1}
    assert not torch.allclose(learner.network(learner.actor.parameters, earlier)[:, :, 0], before[:, :, 0])


def wished(target: float | None) -> np.ndarray:
    """Actions of a model that saw episodes of 0.6 earning 1 a step, and of -0.6 earning nothing."""
    random = np.random.default_rng(0)
    good = np.repeat(np.arange(30) % 2 == 0, 6)
    actions = np.where(good, 0.6, -0.6)[:, None] + 0.02 * random.standard_normal((180, 1))
    dataset = dataset_of(random.uniform(-1, 1, (180, 1)), actions, good * 1.0, [6] * 30)
    settings = {**SMALL, "num_steps": 150, "batch_size": 64, "learning_rate": 5e-3, "warmup_steps": 10}
    choice = ALGORITHMS.choose({"method": "decision_transformer", **settings, "target_return": target})
    made = train_offline(Job(dataset, [0, 1]), choice)
    made.metadata["seeds"] = [0, 1]
    agent = load_agent([made])
    agent.begin(Conditions(torch.tensor([0, 1])))
    taken = []
    for _ in range(6):
        taken.append(agent.act(torch.zeros(2, 1)))
        agent.observe(torch.full((2,), 1.0 if target is None else 0.0), torch.zeros(2))
    return torch.stack(taken).numpy()


def test_it_does_what_earned_the_return_that_is_wished_for_and_by_default_the_largest():
    np.testing.assert_allclose(wished(None), 0.6, atol=0.15)
    np.testing.assert_allclose(wished(0.0), -0.6, atol=0.15)


def test_contexts_longer_than_every_episode_are_refused():
    with pytest.raises(UserError, match=r"context: 13 steps are looked at together, the longest episode has \d+"):
        DecisionTransformer(Job(ragged(), [0]), DecisionTransformerSettings(**{**SMALL, "context": 13}))


def test_a_dataset_of_equal_returns_is_refused():
    dataset = two_policies(episodes=4, steps=5)
    dataset.rewards[:] = 1.0
    with pytest.raises(UserError, match="decision_transformer needs episodes of different returns, all have 5"):
        DecisionTransformer(Job(dataset, [0]), DecisionTransformerSettings(**SMALL))


def test_heads_that_do_not_divide_the_width_are_refused():
    with pytest.raises(ValidationError, match="num_heads: 3 does not divide the width 8"):
        DecisionTransformerSettings(width=8, num_heads=3)
