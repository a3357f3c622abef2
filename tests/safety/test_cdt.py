from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.cdt import Cdt, CdtSettings
from stages.safety.contract import train_safe
from stages.safety.outcomes.cdt_agent import CdtAgent
from stages.training.checkpoint import Checkpoint
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.windows import WindowDraws
from tests.safety.two_speeds import SLOW_REWARD, two_speeds

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    CdtSettings(
        hidden_sizes=(16, 16),
        num_steps=20,
        batch_size=16,
        learning_rate=0.001,
        context=4,
        width=16,
        num_heads=2,
    ),
]

QUICK = {
    "cost_limits": (0.0, 12.0),
    "width": 16,
    "num_heads": 2,
    "hidden_sizes": (32,),
    "context": 4,
    "batch_size": 32,
    "learning_rate": 3e-3,
    "warmup_steps": 10,
    "num_steps": 300,
}


def learner_of(seeds=(0,), dataset=None, **changes) -> Cdt:
    return Cdt(Job(dataset or two_speeds(), list(seeds)), CdtSettings(**{**QUICK, **changes}))


def artifact_of(seeds=(0,), dataset=None, **changes) -> Artifact:
    choice = SAFETY.choose({"method": "cdt", **QUICK, **changes})
    return train_safe(Job(dataset or two_speeds(), list(seeds)), choice)


@cache
def trained() -> Artifact:
    return artifact_of((0, 1))


def agent_at(limits, seeds=None, artifact=None) -> CdtAgent:
    agent = load_agent([artifact or trained()])
    agent.begin(Conditions(torch.tensor(seeds or [0] * len(limits)), torch.tensor(limits)))
    return agent


def loop_of(learner: Cdt, checkpoint: Checkpoint | None = None) -> Loop:
    data = learner.data
    draws = WindowDraws(learner.job.seeds, data.lengths, data.weights, 8)
    return Loop(learner, data.windows, draws, checkpoint)


def batch_of(learner: Cdt, count=64):
    index = torch.from_numpy(
        np.random.default_rng(0).integers(0, len(learner.data.windows), (len(learner.job.seeds), count))
    )
    return learner.data.windows.gather(index)


def test_one_model_obeys_every_limit():
    """Fast where the limit allows it, slow where it does not; the other coordinate follows the observation."""
    agent = agent_at([0.0, 12.0, 0.0, 12.0], [0, 0, 1, 1])
    source = np.random.default_rng(1)
    for _ in range(6):
        observations = torch.from_numpy(source.standard_normal((4, 3), np.float32)).clamp(-1.5, 1.5)
        actions = agent.act(observations)
        assert actions[:, 0].numpy() == pytest.approx([-0.8, 0.8, -0.8, 0.8], abs=0.4)
        torch.testing.assert_close(actions[:, 1], torch.tanh(observations[:, 0]), atol=0.3, rtol=0)
        fast = actions[:, 0] > 0
        agent.observe(torch.where(fast, 1.0, SLOW_REWARD), fast.float())


def test_losses_fall_and_the_cost_of_a_step_is_told():
    metrics = trained().part("metrics")
    assert (metrics["imitation/values"][-1] < 0).all()
    assert (metrics["cost/values"][-1] < 0.2).all()


def test_wishes_shrink_by_what_is_received():
    agent = agent_at([6.0, 0.0])
    dataset = two_speeds()
    best = [dataset.episode_returns[dataset.episode_costs <= limit].max() for limit in (6.0, 0.0)]
    assert agent.returns_left.tolist() == pytest.approx(best)
    agent.observe(torch.tensor([1.0, -0.5]), torch.tensor([2.0, 0.25]))
    assert agent.returns_left.tolist() == pytest.approx([best[0] - 1, best[1] + 0.5])
    assert agent.costs_left.tolist() == pytest.approx([4, -0.25])


def test_the_context_grows_to_its_length_and_begins_anew():
    agent = agent_at([6.0, 0.0])
    observations = torch.zeros(2, 3)
    first = agent.act(observations)
    lengths = []
    for _ in range(6):
        agent.observe(torch.ones(2), torch.ones(2))
        agent.act(observations)
        lengths.append(len(agent.memory.steps))
        times = agent.memory.batches()["times"][0, 0].tolist()
        assert times == list(range(agent.memory.time - len(agent.memory.steps), agent.memory.time))
    assert lengths == [2, 3, 4, 4, 4, 4]
    agent.begin(Conditions(torch.tensor([0, 0]), torch.tensor([6.0, 0.0])))
    torch.testing.assert_close(agent.act(observations), first)


def test_acting_agrees_with_reading_the_whole_window():
    """What an agent predicts from a growing context is what training sees at that step of a padded window."""
    learner = learner_of()
    dataset, agent = learner.job.dataset, agent_at([6.0])
    window = learner.data.windows.gather(torch.tensor([[0]]))
    read = agent.network(agent.parameters[:1], window).actions[0, 0, :, :2]
    agent.returns_left = torch.tensor([dataset.episode_returns[0]])
    agent.costs_left = torch.tensor([dataset.episode_costs[0]])
    for step in range(4):
        agent.act(torch.from_numpy(dataset.observations[step : step + 1]))
        batch = agent.memory.batches()
        acted = agent.network(agent.parameters, batch).actions[0, 0, -1, :2]
        torch.testing.assert_close(acted, read[step], rtol=1e-4, atol=1e-4)
        agent.memory.steps[-1]["actions"] = learner.job.actions[step : step + 1]
        agent.observe(*(torch.from_numpy(of[step : step + 1]) for of in (dataset.rewards, dataset.costs)))


def test_the_future_changes_nothing():
    learner = learner_of()
    batch = batch_of(learner)
    before = learner.network(learner.policy.parameters, batch)
    for name in ("returns_to_go", "costs_to_go", "observations", "actions"):
        changed = batch[name].clone()
        changed[:, :, 2:] += 5
        after = learner.network(learner.policy.parameters, {**batch, name: changed})
        torch.testing.assert_close(after.actions[:, :, :2], before.actions[:, :, :2])
        torch.testing.assert_close(after.costs[:, :, :2], before.costs[:, :, :2])
        # An action is not known when it is predicted, all else of its step is.
        same = torch.equal(after.actions[:, :, 2], before.actions[:, :, 2])
        assert same == (name == "actions")


def test_padding_changes_neither_losses_nor_gradients():
    found = []
    for filler in (0.0, 1e3):
        learner = learner_of()
        batch = batch_of(learner)
        padded = batch["mask"] == 0
        assert padded.any()
        for name in ("returns_to_go", "costs_to_go", "observations", "actions"):
            batch[name] = torch.where(padded[..., None], filler, batch[name])
        losses = learner.fit(batch)
        found.append((losses, learner.policy.parameters.detach()))
    torch.testing.assert_close(found[0], found[1], rtol=1e-4, atol=1e-6)


def test_a_seed_of_a_block_is_the_seed_alone():
    alone = artifact_of((1,), num_steps=40)
    together = artifact_of((0, 1), num_steps=40)
    torch.testing.assert_close(
        together.tensors["policy/parameters"][1:], alone.tensors["policy/parameters"], rtol=1e-3, atol=2e-4
    )


def test_a_saved_agent_acts_the_same(tmp_path):
    artifact = trained()
    artifact.save(tmp_path / "cdt.safetensors")
    observations = torch.linspace(-1, 1, 9).view(3, 3)
    limits, seeds = [0.0, 6.0, 4.0], [1, 0, 1]
    loaded = agent_at(limits, seeds, Artifact.load(tmp_path / "cdt.safetensors"))
    torch.testing.assert_close(loaded.act(observations), agent_at(limits, seeds).act(observations))


def test_agents_do_not_depend_on_their_neighbours():
    observations = torch.linspace(-1, 1, 9).view(3, 3)
    together = agent_at([0.0, 6.0, 4.0], [1, 0, 1]).act(observations)
    for i, (limit, seed) in enumerate([(0.0, 1), (6.0, 0), (4.0, 1)]):
        torch.testing.assert_close(agent_at([limit], [seed]).act(observations[i : i + 1])[0], together[i])


def test_resuming_changes_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint("cdt", "cdt.safetensors", "fingerprint")
    whole, begun, resumed = learner_of(), learner_of(), learner_of()
    loop_of(whole).run(12)
    checkpoint.save(begun, loop_of(begun).run(7), 7)
    loop_of(resumed, checkpoint).run(12)
    for name, tensor in whole.tensors().items():
        assert torch.equal(resumed.tensors()[name], tensor), name


def test_the_temperature_steers_the_entropy():
    learner = learner_of(target_entropy=5.0)
    learner.fit(batch_of(learner))
    assert learner.temperature.parameters.exp() > 0.1
    learner = learner_of(target_entropy=-5.0)
    learner.fit(batch_of(learner))
    assert learner.temperature.parameters.exp() < 0.1


def test_squared_errors_instead_of_a_distribution():
    artifact = artifact_of(stochastic=False, num_steps=150)
    assert "entropy/values" not in artifact.part("metrics")
    assert artifact.part("metrics")["policy/values"][-1] < 0.1


def test_every_weight_learns():
    learner = learner_of()
    before = learner.policy.parameters.detach().clone()
    for _ in range(3):
        learner.fit(batch_of(learner))
    assert (learner.policy.parameters != before).float().mean() > 0.97  # attention ignores its keys' biases


def test_bad_input_is_refused_before_training():
    dataset = two_speeds()
    with pytest.raises(UserError, match="needs costs"):
        learner_of(dataset=replace(dataset, costs=None))
    with pytest.raises(UserError, match="no episode is safe under the cost limit 0"):
        learner_of(dataset=dataset.select(np.arange(0, 30, 2)))
    with pytest.raises(ValueError, match="3 does not divide the width 16"):
        learner_of(num_heads=3)
    with pytest.raises(UserError, match="no episode costs at most"):
        agent_at(
            [0.0], artifact=artifact_of(dataset=dataset.select(np.arange(0, 30, 2)), cost_limits=(9.0,), num_steps=1)
        )


def test_a_longer_episode_than_any_recorded_goes_on():
    agent = agent_at([6.0])
    for _ in range(15):
        assert agent.act(torch.zeros(1, 3)).isfinite().all()
        agent.observe(torch.ones(1), torch.zeros(1))
