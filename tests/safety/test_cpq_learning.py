import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.safety.cpq import Cpq
from stages.training.draws import UniformDraws
from stages.training.loop import Loop
from tests.safety.test_cpq import learner_of, trained
from tests.synthetic import dataset_of, one_hot


def test_values_of_a_chain_end_where_its_costs_exceed_the_limit():
    # Three states in a row: rewards 1, 2, 4, costs 0, 0, 6. Seen from the second state they are 3 (at discount 1/2).
    states, actions = np.tile(np.arange(3), 60), np.random.default_rng(0).uniform(-1, 1, (180, 1))
    costs = np.tile([0.0, 0.0, 6.0], 60).astype(np.float32)
    data = dataset_of(one_hot(states, 3), actions, 2.0**states, [3] * 60, costs=costs)
    # 7/12 of a limit is what critics may say over three steps: 0, 3.5 and 7.
    settings = {"hidden_sizes": (), "discount": 0.5, "learning_rate": 5e-2, "target_update_rate": 0.1}
    learner = learner_of(data, (0,), cost_limits=(0.0, 6.0, 12.0), **settings)
    learner.strange_excess = lambda batch: torch.zeros(1, 3)
    learner.updates = [update for update in learner.updates if update.apply != learner.vae.fit]
    Loop(learner, learner.rows, UniformDraws([0], len(learner.rows), 64, noise=learner.noise)).run(500)
    batch = learner.rows.chunk(0, 3)
    pairs = torch.cat([batch["observations"], batch["actions"]], -1)
    spread = np.std(np.tile([3.0, 4.0, 4.0], 60))
    values = learner.critics(pairs).detach().view(3, 2, 3).mean(1) * spread
    # Limit 6 lets the second state be entered, but not the third; limit 12 both.
    expected = torch.tensor([[1.0, 2.0, 4.0], [2.0, 2.0, 4.0], [3.0, 4.0, 4.0]])
    torch.testing.assert_close(values, expected, atol=0.05, rtol=0)


def crossroads(episodes: int = 1000):
    """Two steps: the first action says where the second begins; that earns ``1 + a`` and costs ``5 (1 + a)``."""
    random = np.random.default_rng(0)
    actions = random.uniform(-1, 1, (2 * episodes, 1))
    ways, observations, amounts = actions[::2, 0], np.zeros((2 * episodes, 2)), np.zeros(2 * episodes)
    observations[::2, 1], observations[1::2, 1] = random.uniform(-1, 1, episodes), ways
    observations[1::2, 0], amounts[1::2] = 1.0, 1 + ways
    costs = (5 * amounts).astype(np.float32)
    return dataset_of(observations, actions, amounts, [2] * episodes, costs=costs)


def test_a_tight_limit_holds_policies_back():
    settings = {"cost_limits": (2.5, 20.0), "num_steps": 400, "target_update_rate": 0.02, "num_sampled_actions": 1}
    settings |= {"clone_weight": 0.1}
    agent = load_agent([trained(crossroads(), **settings)])
    agent.begin(
        Conditions(torch.arange(2).repeat_interleave(40), torch.tensor([2.5, 20.0]).repeat(2).repeat_interleave(20))
    )
    states = torch.stack([torch.zeros(20), torch.linspace(-1, 1, 20)], dim=1)
    actions = agent.act(states.repeat(4, 1)).view(2, 2, 20).mean((0, 2))
    assert actions[1] > 0.9 and actions[0] < actions[1] - 0.3


def narrow(episodes: int = 100, length: int = 10):
    """Actions lie in a narrow band that depends on the state; one step in ten costs 1."""
    random = np.random.default_rng(0)
    states = random.uniform(-1, 1, (episodes * length, 2))
    actions = np.sign(states) * 0.8 + random.uniform(-0.1, 0.1, states.shape)
    costs = (random.random(len(states)) < 0.1).astype(np.float32)
    return dataset_of(states, actions, np.ones(len(states)), [length] * episodes, costs=costs)


@pytest.mark.parametrize("kept", [True, False])
def test_policies_stay_with_narrow_data_whose_costs_stay_low(kept):
    """As published, an untrained policy's costs spread to the data's own actions, and nothing is safe any more."""
    published = {} if kept else {"clone_weight": 0.0, "ood_quantile": 0.0}
    learner: Cpq = learner_of(narrow(), (0, 1), cost_limits=(4.0,), target_update_rate=0.05, **published)
    Loop(learner, learner.rows, UniformDraws([0, 1], len(learner.rows), 64, noise=learner.noise)).run(500)
    batch = learner.rows.gather(torch.arange(200).expand(2, -1))
    pairs = torch.cat([batch["observations"], batch["actions"]], -1)
    safe = learner.cost_critics(pairs).amin(1) <= learner.allowed[0, 0]
    means = torch.tanh(learner.actor(batch["observations"]).detach()[..., :2])
    distance = (means - batch["actions"]).square().sum(-1).mean().sqrt()
    assert (safe.float().mean() > 0.9) == kept and (safe.float().mean() < 0.1) != kept
    assert (distance < 0.5) == kept and (distance > 0.7) != kept
