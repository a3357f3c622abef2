"""What every agent promises, however it acts: of all offline and safe methods, stitched ones, and switched ones."""

from __future__ import annotations

from functools import cache

import pytest
import torch
from torch import Tensor

from stages.agents.contract import Agent, Conditions, require_memoryless
from stages.agents.loading import load_agent
from stages.algorithms import ALGORITHMS
from stages.algorithms.by_cluster import train_by_cluster
from stages.algorithms.contract import train_offline
from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.empo.high_level import train_high_level
from stages.empo.high_level_settings import HighLevelSettings
from stages.errors import UserError
from stages.safety import SAFETY
from stages.training.job import Job
from tests.safety.smallest import LIMITS, trained
from tests.safety.two_speeds import two_speeds
from tests.smallest import smallest, smallest_choice

AGENTS = ["stitched", "by_cluster", *ALGORITHMS.names(), *SAFETY.names()]
REMEMBERING = {"budgeted_clusters", "caps", "cdt", "decision_transformer"}
BLOCK = (3, 7)
STEPS = 5


@cache
def files(name: str, seeds: tuple[int, ...]) -> list[Artifact]:
    """What the stages save of an agent."""
    if name in SAFETY.names():
        return [trained(name, seeds)]
    job = Job(two_speeds(), list(seeds))
    if name in {"stitched", "by_cluster"}:
        values = {"method": "return_kmeans", "num_clusters": 2, "refit_epochs": 30, "hidden_sizes": [16]}
        choice = CLUSTERING.choose(values)
        clusters = choice.entry(job, choice.settings).fit().artifact(seeds=list(seeds))
        labels = clusters.tensors["labels"].numpy()
        high_level = train_high_level(job, labels, 2, smallest(HighLevelSettings, "stages.empo.high_level"))
        if name == "stitched":
            return [clusters, high_level]
        policies = train_by_cluster(job, labels, 2, smallest_choice(ALGORITHMS, "bc"))
        policies.metadata |= {"seeds": list(seeds)}
        return [clusters, high_level, policies]
    made = train_offline(job, smallest_choice(ALGORITHMS, name))
    made.metadata |= {"seeds": list(seeds)}
    return [made]


def agent_of(name: str, seeds: tuple[int, ...] = BLOCK) -> Agent:
    return load_agent(files(name, seeds), in_distribution_ratio=5.0)


def walked(agent: Agent, conditions: Conditions) -> Tensor:
    """Actions of an episode of some steps, ``[steps, agents, action]``; half of the agents meet costs."""
    number = len(conditions.seed_index)
    agent.begin(conditions)
    taken = []
    for observations in torch.from_numpy(two_speeds().observations[: number * STEPS]).view(STEPS, number, -1):
        taken.append(agent.act(observations))
        agent.observe(torch.full((number,), 0.5), (torch.arange(number) % 2).float())
    return torch.stack(taken)


def of_seed(place: int) -> Conditions:
    return Conditions(torch.full((6,), place), torch.tensor(LIMITS).repeat(3))


@pytest.mark.parametrize("name", AGENTS)
def test_a_seed_acts_the_same_alone_and_in_a_block(name):
    block, alone = walked(agent_of(name), of_seed(1)), walked(agent_of(name, BLOCK[1:]), of_seed(0))
    assert block.shape == (STEPS, 6, 2)
    torch.testing.assert_close(block, alone, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(block, walked(agent_of(name), of_seed(0)), atol=1e-3)
    assert agent_of(name).num_seeds == 2


@pytest.mark.parametrize("name", AGENTS)
def test_agents_are_sorted_to_their_seeds_and_limits(name):
    agent = agent_of(name)
    observations = torch.from_numpy(two_speeds().observations[:4])
    seeds, limits = torch.tensor([1, 0, 0, 1]), torch.tensor([2.0, 6.0, 2.0, 6.0])
    agent.begin(Conditions(seeds, limits))
    mixed = agent.act(observations)
    for i in range(4):
        agent.begin(Conditions(seeds[i : i + 1], limits[i : i + 1]))
        torch.testing.assert_close(agent.act(observations[i : i + 1]), mixed[i : i + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", AGENTS)
def test_episodes_begin_anew(name):
    agent, fresh = agent_of(name), agent_of(name)
    walked(agent, of_seed(0))
    # Fewer agents too: nothing of the batch before may be left.
    few = Conditions(torch.tensor([1, 0]), torch.tensor(LIMITS))
    assert torch.equal(walked(agent, few), walked(fresh, few))
    assert torch.equal(walked(agent, of_seed(1)), walked(fresh, of_seed(1)))


@pytest.mark.parametrize("name", AGENTS)
def test_agents_say_whether_they_act_on_states_alone(name):
    agent = agent_of(name)
    assert agent.memoryless == (name not in REMEMBERING)
    observations = torch.from_numpy(two_speeds().observations[:6])
    if not agent.memoryless:
        with pytest.raises(UserError, match="fitted Q evaluation needs policies of the state alone"):
            require_memoryless(agent, "fitted Q evaluation")
        return
    require_memoryless(agent, "fitted Q evaluation")
    agent.begin(of_seed(0))
    first = agent.act(observations)
    agent.observe(torch.full((6,), 3.0), torch.full((6,), 100.0))
    agent.act(observations.flip(0))
    assert torch.equal(agent.act(observations), first)


@pytest.mark.parametrize("name", ALGORITHMS.names())
def test_algorithms_say_beforehand_whether_their_agents_remember(name):
    assert ALGORITHMS.entry(name).memoryless == agent_of(name).memoryless


@pytest.mark.parametrize("name", ["stitched", *ALGORITHMS.names()])
def test_agents_that_sample_say_how_densely_but_flows(name):
    agent, observations = agent_of(name), torch.from_numpy(two_speeds().observations[:6])
    agent.begin(of_seed(0))
    noise = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    sampled = agent.act(observations, noise)
    density = agent.log_density(observations, sampled)
    if name in REMEMBERING | {"fql"} or torch.equal(sampled, agent_acting_on(name, observations)):
        assert density is None
        return
    assert density.shape == (6,) and density.isfinite().all()
    agent.begin(of_seed(1))
    assert not torch.allclose(agent.log_density(observations, sampled), density)


def agent_acting_on(name: str, observations: Tensor) -> Tensor:
    """Mean actions of the first seed."""
    agent = agent_of(name)
    agent.begin(of_seed(0))
    return agent.act(observations)


@pytest.mark.parametrize("name", [name for name in AGENTS if name in REMEMBERING])
def test_what_was_received_counts_for_agents_that_remember(name):
    agent = agent_of(name)
    agent.begin(of_seed(0))
    counters = {"cdt": "costs_left", "decision_transformer": "returns_left"}
    counter = counters.get(name, "budget")
    before = getattr(agent, counter).clone()
    agent.observe(torch.full((6,), 1.5), torch.full((6,), 1.5))
    torch.testing.assert_close(getattr(agent, counter), before - 1.5)


@pytest.mark.parametrize("name", AGENTS)
def test_acting_changes_nothing_of_the_conditions(name):
    conditions = of_seed(0)
    walked(agent_of(name), conditions)
    assert conditions.seed_index.tolist() == [0] * 6
    assert conditions.limits.tolist() == [*LIMITS] * 3


@pytest.mark.parametrize("name", AGENTS)
def test_followed_clusters_are_named_where_there_are_any(name):
    agent = agent_of(name)
    walked(agent, of_seed(0))
    if name in {"stitched", "by_cluster", "budgeted_clusters"}:
        assert agent.followed.shape == (6,)
        assert set(agent.followed.tolist()) <= {0, 1}
    else:
        assert agent.followed is None


@pytest.mark.parametrize("name", [name for name in SAFETY.names() if name != "bc_all"])
def test_without_limits_safe_agents_do_not_act(name):
    with pytest.raises(UserError, match="act under cost limits, none were given"):
        agent_of(name).begin(Conditions(torch.zeros(2, dtype=torch.int64)))
