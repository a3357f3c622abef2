import numpy as np
import torch

from stages.agents.contract import Conditions
from stages.agents.network import NetworkAgent
from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import train_offline
from stages.algorithms.td3_bc import Td3Bc, Td3BcSettings
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import dataset_of, ragged

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    Td3BcSettings(hidden_sizes=(16, 16), batch_size=50, num_steps=40, learning_rate=0.003),
]

SMALL = {"hidden_sizes": (32,), "batch_size": 64, "learning_rate": 3e-3}


def bandit(best: float = 0.5):
    """One-step episodes: actions uniform in [-1, 1], reward ``-1 - (a - best)^2``."""
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (1500, 1))
    rewards = -1 - ((actions[:, 0] - best) ** 2)
    return dataset_of(random.uniform(-1, 1, (1500, 1)), actions, rewards, [1] * 1500)


def mean_action(behaviour_weight: float) -> np.ndarray:
    quick = SMALL | {"hidden_sizes": (32, 32), "batch_size": 256, "num_steps": 800}
    choice = ALGORITHMS.choose({"method": "td3_bc", **quick, "behaviour_weight": behaviour_weight})
    made = train_offline(Job(bandit(), [0, 1]), choice)
    made.metadata["seeds"] = [0, 1]
    agent = NetworkAgent.load(made)
    agent.begin(Conditions(torch.arange(2).repeat_interleave(20)))
    return agent.act(torch.linspace(-1, 1, 20)[:, None].repeat(2, 1)).view(2, 20).mean(1).numpy()


def test_a_heavy_critic_finds_the_best_action_and_a_light_one_clones():
    # Where the gradients of critic and cloning cancel: a = alpha (0.5 - a) / mean |Q|, with |Q| about 1.
    # The critic's slope strays: of 12 seeds the actions lie at .42 to .53.
    np.testing.assert_allclose(mean_action(10.0), 0.455, atol=0.15)
    np.testing.assert_allclose(mean_action(0.01), 0.0, atol=0.12)


def learner_of(seeds=(0, 1), **changes) -> Td3Bc:
    return Td3Bc(Job(ragged(), list(seeds)), Td3BcSettings(**{**SMALL, **changes}))


def batch_of(learner: Td3Bc, seeds: int = 2) -> dict[str, torch.Tensor]:
    batch = learner.rows.gather(torch.arange(16).expand(seeds, -1))
    noise = torch.randn(seeds, 1, 16, 2, generator=torch.Generator().manual_seed(0))
    return batch | {"target_noise": 3 * noise}


def test_critic_loss_by_hand():
    learner = learner_of(noise_std=0.2, noise_clip=0.5)
    with torch.no_grad():
        learner.critics.target_parameters.mul_(1.7)
        learner.actor.target_parameters.mul_(3.0)
    batch = batch_of(learner)
    following = batch["next_observations"]
    noise = (0.2 * batch["target_noise"]).clamp(-0.5, 0.5)
    assert (noise.abs() == 0.5).any()
    actions = (torch.tanh(learner.actor.target(following)) + noise).clamp(-1, 1)
    values = learner.critics.target(torch.cat([following, actions], -1))
    target = batch["rewards"] + batch["discounts"] * torch.minimum(values[:, :1], values[:, 1:])
    predicted = learner.critics(torch.cat([batch["observations"], batch["actions"]], -1)).detach()
    expected = sum((predicted[:, i] - target[:, 0]).square().mean((1, 2)) for i in range(2))
    torch.testing.assert_close(learner.fit_critics(batch)["critic"].detach(), expected)


def test_actor_loss_by_hand():
    learner = learner_of(behaviour_weight=1.3)
    batch = batch_of(learner)
    actions = torch.tanh(learner.actor(batch["observations"])).detach()
    q1 = learner.critics(torch.cat([batch["observations"], actions], -1))[:, 0].detach()
    cloning = (actions - batch["actions"]).square().mean((1, 2, 3))
    expected = cloning - 1.3 * q1.mean((1, 2)) / q1.abs().mean((1, 2))
    critics = learner.critics.parameters.detach().clone()
    losses = learner.fit_actor(batch)
    torch.testing.assert_close(losses["actor"].detach(), expected)
    torch.testing.assert_close(losses["cloning"].detach(), cloning)
    assert torch.equal(learner.critics.parameters, critics)
    assert learner.critics.parameters.grad is None


def test_ends_are_not_bootstrapped_from_and_cuts_are():
    learner = learner_of(discount=0.9)
    dataset = learner.job.dataset
    discounts = learner.rows.chunk(0, dataset.num_steps)["discounts"].flatten().numpy()
    np.testing.assert_allclose(discounts, np.where(dataset.terminations, 0.0, 0.9), rtol=1e-6)
    assert dataset.truncations.any()


def test_actor_and_targets_move_every_second_step():
    learner = learner_of()
    draws = UniformDraws([0, 1], len(learner.rows), 16, noise=learner.noise)
    loop = Loop(learner, learner.rows, draws)
    start = {name: tensor.clone() for name, tensor in learner.tensors().items()}
    delayed = ("actor/parameters", "actor/target_parameters", "critics/target_parameters")
    loop.run(1)
    assert not torch.equal(learner.tensors()["critics/parameters"], start["critics/parameters"])
    assert all(torch.equal(learner.tensors()[name], start[name]) for name in delayed)
    loop.run(2)
    assert not any(torch.equal(learner.tensors()[name], start[name]) for name in delayed)


def test_actions_stay_in_the_box_of_the_data():
    made = train_offline(Job(ragged(), [0]), ALGORITHMS.choose({"method": "td3_bc", **SMALL, "num_steps": 3}))
    made.metadata["seeds"] = [0]
    agent, data = NetworkAgent.load(made), ragged()
    with torch.no_grad():
        agent.parameters.mul_(100)
    agent.begin(Conditions(torch.zeros(data.num_steps, dtype=torch.int64)))
    actions = agent.act(torch.from_numpy(data.observations))
    assert (actions.amax(0).numpy() <= data.actions.max(0) + 1e-5).all()
    assert (actions.amin(0).numpy() >= data.actions.min(0) - 1e-5).all()
