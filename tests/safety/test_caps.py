from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.caps import Caps, CapsSettings, mixture
from stages.safety.contract import train_safe
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import dataset_of, one_hot, ragged

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    CapsSettings(hidden_sizes=(16, 16), num_steps=20, batch_size=16, learning_rate=0.001, num_heads=2),
]

SMALL = {"hidden_sizes": (32,), "batch_size": 64, "learning_rate": 3e-3, "cost_limits": (1.0,)}


def with_costs():
    data = ragged()
    return replace(data, costs=np.random.default_rng(1).random(data.num_steps, dtype=np.float32))


def learner_of(seeds=(0, 1), **changes) -> Caps:
    return Caps(Job(with_costs(), list(seeds)), CapsSettings(**{**SMALL, **changes}))


def trained(dataset, seeds=(0, 1), **changes):
    choice = SAFETY.choose({"method": "caps", **SMALL, **changes})
    return train_safe(Job(dataset, list(seeds)), choice)


def test_the_heads_weigh_reward_and_cost_as_published():
    torch.testing.assert_close(mixture(2), torch.eye(2))
    torch.testing.assert_close(mixture(4), torch.tensor([[1.0, 1.0, 1.0, 0.0], [0.0, 2 / 3, 4 / 3, 1.0]]))


def test_losses_by_hand():
    learner = learner_of(num_heads=3, advantage_temperature=2.0, expectile=0.8, discount=0.9)
    batch = learner.rows.gather(torch.arange(16).expand(2, -1))
    with torch.no_grad():
        learner.critics.target_parameters.mul_(1.7)
    observations, actions = batch["observations"], batch["actions"]
    pairs = torch.cat([observations, actions], -1)
    q, target_q = learner.critics(pairs).detach(), learner.critics.target(pairs)
    v, next_v = learner.values(observations).detach(), learner.values(batch["next_observations"]).detach()
    value_loss, critic_loss, grown = 0, 0, []
    for i, signal in enumerate((batch["rewards"], -batch["costs"])):
        advantage = torch.minimum(target_q[:, 2 * i], target_q[:, 2 * i + 1]) - v[:, i]
        value_loss += torch.where(advantage >= 0, 0.8, 0.2).mul(advantage.square()).mean((1, 2))
        target = signal[:, 0] + batch["discounts"][:, 0] * next_v[:, i]
        critic_loss += sum((q[:, 2 * i + twin] - target).square().mean((1, 2)) for twin in range(2))
        grown.append(torch.exp(2.0 * advantage[..., 0]).clamp(max=100))
    means = torch.tanh(learner.heads(observations)).detach()[:, 0].view(2, 16, 3, 2)
    errors = (means - actions[:, 0, :, None]).square().sum(-1)
    head_loss = (grown[0] * errors[..., 0] + (grown[0] + grown[1]) * errors[..., 1] + grown[1] * errors[..., 2]) / 3
    losses = learner.fit(batch)
    torch.testing.assert_close(losses["value"].detach(), value_loss)
    torch.testing.assert_close(losses["critic"].detach(), critic_loss)
    torch.testing.assert_close(losses["heads"].detach(), head_loss.mean(1))


def test_one_step_moves_everything():
    learner = learner_of()
    start = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    learner.fit(learner.rows.gather(torch.arange(16).expand(2, -1)))
    names = ("heads/parameters", "values/parameters", "critics/parameters", "critics/target_parameters")
    assert not any(torch.equal(learner.tensors()[name], start[name]) for name in names)


def test_huge_advantages_are_capped():
    learner = learner_of()
    advantages = torch.tensor([50.0, -50.0]).view(1, 2, 1, 1)
    torch.testing.assert_close(learner.weights(advantages), torch.tensor([[[100.0, 0.0]]]))


def chain():
    """Three states in a row, then the end: rewards 1, 2, 4, costs 0, 1, 2; 60 episodes."""
    states = np.tile(np.arange(3), 60)
    costs = np.tile([0.0, 1.0, 2.0], 60).astype(np.float32)
    return dataset_of(one_hot(states, 3), np.zeros((180, 1)), 2.0**states, [3] * 60, costs=costs)


def test_values_of_a_chain_are_its_discounted_sums():
    data = chain()
    settings = CapsSettings(**{**SMALL, "hidden_sizes": (), "discount": 0.5, "learning_rate": 1e-2})
    learner = Caps(Job(data, [0, 1]), settings)
    Loop(learner, learner.rows, UniformDraws([0, 1], len(learner.rows), 64)).run(2500)
    batch = learner.rows.chunk(0, 3)
    pairs = torch.cat([batch["observations"], batch["actions"]], -1).expand(2, 1, 3, 4)
    values = learner.critics(pairs).detach()[..., 0]
    rewards, costs = values[:, :2] * learner.data.reward_scale, -values[:, 2:] * learner.data.cost_scale
    torch.testing.assert_close(rewards, torch.tensor([3.0, 4.0, 4.0]).expand(2, 2, 3), atol=0.05, rtol=0)
    torch.testing.assert_close(costs, torch.tensor([1.0, 2.0, 2.0]).expand(2, 2, 3), atol=0.05, rtol=0)


def gamble(episodes: int = 1000):
    """One-step episodes: the action is about -0.5, for nothing, or about 0.5, which earns 1 and costs 1."""
    random = np.random.default_rng(0)
    risky = random.random(episodes) < 0.5
    actions = np.where(risky, 0.5, -0.5)[:, None] + random.uniform(-0.05, 0.05, (episodes, 1))
    states = random.uniform(-1, 1, (episodes, 1))
    return dataset_of(states, actions, risky.astype(float), [1] * episodes, costs=risky.astype(np.float32))


def test_one_model_gambles_where_the_limit_allows_it():
    made = trained(gamble(), num_steps=600, advantage_temperature=10.0)
    agent = load_agent([made])
    limits = torch.tensor([5.0, 2.0, 0.5, 0.0]).repeat(2)
    agent.begin(Conditions(torch.arange(2).repeat_interleave(4), limits))
    actions = agent.act(torch.linspace(-1, 1, 8)[:, None])[:, 0]
    torch.testing.assert_close(actions, torch.where(limits > 1, 0.5, -0.5), atol=0.1, rtol=0)


def test_seeds_do_not_depend_on_each_other():
    together, alone = (trained(with_costs(), seeds, num_steps=20) for seeds in ([0, 1], [1]))
    policies = [made.tensors["policy/parameters"] for made in (together, alone)]
    assert policies[0].shape[0] == 2 * policies[1].shape[0]
    agents = [load_agent([made]) for made in (together, alone)]
    states = torch.from_numpy(with_costs().observations)
    for agent, place in zip(agents, (1, 0), strict=True):
        agent.begin(Conditions(torch.full((len(states),), place), torch.full((len(states),), 3.0)))
    torch.testing.assert_close(agents[0].act(states), agents[1].act(states), atol=1e-5, rtol=1e-5)


def test_files_keep_the_agent(tmp_path):
    made = trained(with_costs(), num_steps=3)
    made.save(tmp_path / "caps.safetensors")
    read = type(made).load(tmp_path / "caps.safetensors")
    states = torch.from_numpy(with_costs().observations)
    actions = []
    for artifact in (made, read):
        agent = load_agent([artifact])
        agent.begin(Conditions(torch.zeros(len(states), dtype=torch.int64), torch.full((len(states),), 0.3)))
        actions.append(agent.act(states))
    assert torch.equal(*actions)
    box = torch.from_numpy(with_costs().actions)
    assert (actions[0] <= box.amax(0) + 1e-5).all() and (actions[0] >= box.amin(0) - 1e-5).all()


def test_a_dataset_without_costs_is_refused():
    with pytest.raises(UserError, match="needs costs"):
        trained(ragged())
