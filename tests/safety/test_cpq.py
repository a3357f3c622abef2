from dataclasses import replace

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.contract import train_safe
from stages.safety.cpq import Cpq, CpqSettings, mean_network
from stages.safety.limits.cost_transitions import discounted_limit
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import ragged

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    CpqSettings(
        hidden_sizes=(16, 16),
        num_steps=20,
        batch_size=16,
        learning_rate=0.001,
        vae_hidden_sizes=(16, 16),
    ),
]

SMALL = {
    "hidden_sizes": (32,),
    "vae_hidden_sizes": (32,),
    "batch_size": 64,
    "learning_rate": 3e-3,
    "actor_learning_rate": 3e-3,
    "num_sampled_actions": 4,
    "cost_limits": (1.0, 3.0),
}
NAMES = ("actor", "critics", "cost_critics")


def with_costs():
    data = ragged()
    return replace(data, costs=np.random.default_rng(1).random(data.num_steps, dtype=np.float32))


def learner_of(data=None, seeds=(0, 1), **changes) -> Cpq:
    return Cpq(Job(with_costs() if data is None else data, list(seeds)), CpqSettings(**{**SMALL, **changes}))


def batch_of(learner: Cpq, seeds: int = 2) -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    rows = learner.rows.gather(torch.arange(16).expand(seeds, -1))
    noise = {name: torch.randn(seeds, 1, 16, width, generator=source) for name, width in learner.noise.items()}
    return rows | noise


def trained(dataset, seeds=(0, 1), **changes):
    return train_safe(Job(dataset, list(seeds)), SAFETY.choose({"method": "cpq", **SMALL, **changes}))


def actions_of(learner: Cpq, states: torch.Tensor, noise: torch.Tensor, limit: int) -> torch.Tensor:
    """Actions of one limit's policy, ``[seeds, 1, batch, action]``."""
    mean, log_std = learner.actor(states)[:, limit : limit + 1].detach().chunk(2, -1)
    return torch.tanh(mean + log_std.clamp(-5, 2).exp() * noise)


def test_limits_become_what_a_critic_may_say():
    learner = learner_of(cost_limits=(0.0, 1.0, 3.0))
    steps = torch.tensor(float(with_costs().episode_lengths.max()))
    expected = discounted_limit(torch.tensor([0.0, 1.0, 3.0]), 0.99, steps)
    data = with_costs()
    scale = float(
        np.std(
            [
                data.costs[i : data.episode_ends[data.episode_of_step[i]]]
                @ 0.99 ** np.arange(data.episode_ends[data.episode_of_step[i]] - i)
                for i in range(data.num_steps)
            ]
        )
    )
    torch.testing.assert_close(learner.allowed.flatten() * scale, expected)


def test_critic_losses_by_hand():
    learner = learner_of()
    with torch.no_grad():
        learner.critics.target_parameters.mul_(1.7)
        learner.cost_critics.target_parameters.mul_(2.0)
    learner.log_multiplier.fill_(-torch.inf)
    batch = batch_of(learner)
    states, following = batch["observations"], batch["next_observations"]
    predicted = [
        part(torch.cat([states, batch["actions"]], -1)).detach() for part in (learner.critics, learner.cost_critics)
    ]
    losses = [0, 0]
    for limit in range(2):
        pairs = torch.cat([following, actions_of(learner, following, batch["target_noise"], limit)], -1)
        twins = slice(2 * limit, 2 * limit + 2)
        value, cost = (part.target(pairs)[:, twins].amin(1) for part in (learner.critics, learner.cost_critics))
        learner.allowed[0, limit] = cost.quantile(0.5)  # half of them are safe
        safe = (cost <= learner.allowed[0, limit]).float()
        counted = safe * value + (1 - safe) * learner.unsafe_value
        targets = (
            batch["rewards"][:, 0] + batch["discounts"][:, 0] * counted,
            batch["costs"][:, 0] + batch["discounts"][:, 0] * cost,
        )
        for i in range(2):
            losses[i] += (predicted[i][:, twins] - targets[i][:, None]).square().mean((2, 3)).sum(1)
    made = learner.fit_critics(batch)
    torch.testing.assert_close(made["critic"].detach(), losses[0])
    torch.testing.assert_close(made["cost critic"].detach(), losses[1])


def test_what_is_unsafe_is_worth_nothing_or_the_smallest_return_if_that_is_less():
    data = with_costs()
    assert learner_of(replace(data, rewards=np.abs(data.rewards))).unsafe_value == 0.0
    learner = learner_of(replace(data, rewards=-np.ones_like(data.rewards)))
    longest = int(data.episode_lengths.max())
    spread = np.std([(1 - 0.99**k) / 0.01 for n in data.episode_lengths for k in range(1, n + 1)])
    assert learner.unsafe_value == pytest.approx(-(1 - 0.99**longest) / 0.01 / spread, rel=1e-4)


def test_actor_loss_by_hand():
    learner = learner_of(clone_weight=0.7)
    learner.allowed = torch.tensor([0.05, -100.0])[None, :, None, None]
    batch = batch_of(learner)
    states, expected = batch["observations"], 0
    for limit in range(2):
        pairs = torch.cat([states, actions_of(learner, states, batch["actor_noise"], limit)], -1)
        twins = slice(2 * limit, 2 * limit + 2)
        safe = learner.cost_critics(pairs).detach()[:, twins].amin(1) <= learner.allowed[0, limit]
        values = learner.critics(pairs).detach()[:, twins].amin(1)
        costs = learner.cost_critics(torch.cat([states, batch["actions"]], -1)).detach()[:, twins].amin(1)
        own_safe = costs[..., 0] <= learner.allowed[0, limit]
        distance = (own_safe * (pairs[:, 0, :, -2:] - batch["actions"][:, 0]).square().sum(-1)).mean(1)
        expected = expected - (safe * values).mean((1, 2)) + 0.7 * values.abs().mean((1, 2)) * distance
    before = {name: getattr(learner, name).parameters.detach().clone() for name in NAMES}
    losses = learner.fit_actor(batch)
    torch.testing.assert_close(losses["actor"].detach(), expected)
    # No action is safe under the second limit, and not all weights let one be unsafe under the first.
    assert all(0 < losses[name].mean() <= 0.5 for name in ("safe share", "data's safe share"))
    assert all(torch.equal(getattr(learner, name).parameters, before[name]) for name in NAMES[1:])


def test_the_actor_moves_only_where_costs_allow_its_actions_or_those_of_the_data():
    learner = learner_of()
    learner.allowed = torch.tensor([0.05, -100.0])[None, :, None, None]
    before = learner.policy.views(learner.actor.parameters.detach().clone())
    learner.fit_actor(batch_of(learner))
    pairs = zip(learner.policy.views(learner.actor.parameters.detach()), before, strict=True)
    moved = [(now - then).view(2, 2, -1).abs().amax((0, 2)) for now, then in pairs]
    assert all(change[0] > 0 and change[1] == 0 for change in moved)


def strange_excess_by_hand(learner: Cpq, batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """Where the first action coordinate is how strange an action is, and the 32 strangest of 64 are looked at."""
    states = batch["observations"].repeat_interleave(4, dim=2)
    least = batch["actions"][:, 0, :, 0].sort(dim=1).values[:, round(learner.settings.ood_quantile * 15)]
    found = torch.zeros(2, 2)
    for limit in range(2):
        actions = actions_of(learner, states, batch["sampled_noise"].view(2, 1, 64, 2), limit)[:, 0]
        for seed in range(2):
            chosen = actions[seed, :, 0].argsort(descending=True)[:32]
            if learner.settings.ood_quantile > 0:
                chosen = chosen[actions[seed, chosen, 0] >= least[seed]]
            pairs = torch.cat([states[seed, 0, chosen], actions[seed, chosen]], -1)[None, None].expand(2, 1, -1, -1)
            costs = learner.cost_critics(pairs).detach()[seed, 2 * limit : 2 * limit + 2]
            found[seed, limit] = costs.mean() - 1.5 * learner.allowed[0, limit, 0, 0]
    return found


@pytest.mark.parametrize("quantile", [0.0, 0.6])
def test_costs_are_raised_where_actions_are_unlike_the_data(quantile):
    learner = learner_of(ood_share=0.5, ood_quantile=quantile)
    learner.vae.strangeness = lambda pairs: pairs[..., 3] + (2.0 if quantile == 0 else 0.0)
    batch = batch_of(learner)
    found = learner.strange_excess(batch)
    torch.testing.assert_close(found.detach(), strange_excess_by_hand(learner, batch))
    found.sum().backward()
    assert learner.cost_critics.parameters.grad.abs().sum() > 0
    assert learner.actor.parameters.grad is None and learner.vae.encoder.parameters.grad is None


def test_a_policy_as_like_the_data_as_the_data_themselves_is_left_alone():
    made = []
    for multiplier in (-5.0, 5.0):
        learner = learner_of()
        learner.vae.strangeness = lambda pairs: 1.0 * (pairs.shape[2] == 16) * torch.ones(pairs.shape[:3])
        learner.log_multiplier.fill_(multiplier)
        batch = batch_of(learner)
        assert learner.strange_excess(batch).eq(0).all()
        learner.fit_critics(batch)
        assert learner.log_multiplier.eq(multiplier).all()
        made.append(learner.cost_critics.parameters.detach().clone())
    assert torch.equal(*made)


def test_the_multiplier_grows_while_strange_actions_cost_too_little_and_shrinks_after():
    learner = learner_of(multiplier_learning_rate=0.1, ood_quantile=0.0)
    batch = batch_of(learner)
    costs = learner.strange_excess(batch).detach() + 1.5 * learner.allowed[..., 0, 0]
    learner.allowed = torch.stack([costs.amax() + 1, costs.amin() - 1])[None, :, None, None] / 1.5
    excess = costs - 1.5 * learner.allowed[..., 0, 0]
    learner.fit_critics(batch)
    torch.testing.assert_close(learner.log_multiplier, -0.1 * excess)
    assert (learner.log_multiplier[:, 0] > 0).all() and (learner.log_multiplier[:, 1] < 0).all()
    for _ in range(3):
        learner.log_multiplier.mul_(1000).clamp_(-5, 5)
        learner.fit_critics(batch)
    assert learner.log_multiplier.abs().max() <= 5


def test_costs_are_raised_no_further_once_they_are_high_enough():
    made = []
    for allowed in (-100.0, 100.0):
        for multiplier in (-torch.inf, 1.0):
            learner = learner_of(ood_quantile=0.0)
            learner.allowed = torch.full((1, 2, 1, 1), allowed)
            learner.log_multiplier.fill_(multiplier)
            learner.fit_critics(batch_of(learner))
            made.append(learner.cost_critics.parameters.detach().clone())
    assert torch.equal(made[0], made[1]) and not torch.equal(made[2], made[3])


def test_one_step_moves_everything():
    learner = learner_of(ood_quantile=0.0)
    start = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    Loop(learner, learner.rows, UniformDraws([0, 1], len(learner.rows), 16, noise=learner.noise)).run(1)
    parameters = [name for name in start if name.endswith("parameters")]
    assert len(parameters) == 7
    assert not any(torch.equal(learner.tensors()[name], start[name]) for name in [*parameters, "log_multiplier"])


def test_means_are_those_of_the_gaussian_policies():
    learner = learner_of()
    means, parameters = mean_network(learner.policy, learner.actor.parameters.detach())
    states = learner.rows.chunk(0, 10)["observations"].expand(2, 1, 10, -1)
    torch.testing.assert_close(means(parameters, states), learner.actor(states).detach()[..., :2])


def test_files_keep_the_agent_and_a_limit_that_was_not_trained_is_refused(tmp_path):
    made = trained(with_costs(), num_steps=3)
    made.save(tmp_path / "cpq.safetensors")
    states = torch.from_numpy(with_costs().observations)
    index = torch.zeros(len(states), dtype=torch.int64)
    actions = []
    for artifact in (made, type(made).load(tmp_path / "cpq.safetensors")):
        agent = load_agent([artifact])
        agent.begin(Conditions(index, torch.full((len(states),), 3.0)))
        actions.append(agent.act(states))
    assert torch.equal(*actions)
    with pytest.raises(UserError, match="cost limit 2"):
        agent.begin(Conditions(index, torch.full((len(states),), 2.0)))


def test_seeds_do_not_depend_on_each_other():
    agents = [load_agent([trained(with_costs(), seeds, num_steps=20)]) for seeds in ([0, 1], [1])]
    states = torch.from_numpy(with_costs().observations)
    for agent, place in zip(agents, (1, 0), strict=True):
        agent.begin(Conditions(torch.full((len(states),), place), torch.full((len(states),), 3.0)))
    torch.testing.assert_close(agents[0].act(states), agents[1].act(states), atol=1e-4, rtol=1e-4)


def test_a_dataset_without_costs_is_refused():
    with pytest.raises(UserError, match="needs costs"):
        trained(ragged())
