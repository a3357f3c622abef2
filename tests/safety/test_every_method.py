"""What every safe method promises, whatever it does: checked for those of today and of tomorrow."""

from functools import cache

import pytest
import torch

from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.registry import Choice
from stages.safety import SAFETY
from stages.safety.contract import load_safe_agent, train_safe
from stages.safety.segments.partition import PartitionSettings, partition
from stages.training.job import Job
from tests.safety.two_speeds import two_speeds

LIMITS = (2.0, 6.0)
# Small sizes for any method that has such a setting.
SMALL = {
    "cost_limits": LIMITS, "hidden_sizes": (16, 16), "num_steps": 20, "batch_size": 16, "learning_rate": 1e-3,
    "pretraining_steps": 10, "pretraining_batch_size": 16, "warm_up_steps": 5, "context_length": 4, "context": 4,
    "width": 16, "num_layers": 1, "num_heads": 2, "vae_steps": 10, "vae_hidden_sizes": (16, 16),
    "policy_steps": 10,
}  # fmt: skip


def labelled(seeds):
    settings = PartitionSettings(cost_limits=LIMITS, segment_length=3, labels_by="episode")
    return partition(two_speeds(), settings).artifact()


def clustered(seeds):
    settings = {"method": "summary_kmeans", "num_clusters": 2, "refit_epochs": 1, "hidden_sizes": [16]}
    choice = CLUSTERING.choose(settings)
    return choice.entry(Job(two_speeds(), seeds), choice.settings).fit().artifact(seeds=seeds)


GIVEN = {"partition": labelled, "clusters": clustered}


def choice(name):
    settings = SAFETY.settings(name)
    values = {key: value for key, value in SMALL.items() if key in settings.model_fields}
    return Choice(name, SAFETY.entry(name), settings(**values))


@cache
def trained(name, seeds):
    ingredient = SAFETY.entry(name).ingredient
    given = GIVEN[ingredient.kind](list(seeds)) if ingredient else None
    return train_safe(Job(two_speeds(), list(seeds)), choice(name), given)


def actions(artifact, place, steps=5):
    """What the seed at `place` of the block does over some steps under either limit, ``[steps, agents, action]``."""
    agent = load_safe_agent(artifact)
    agent.begin(torch.full((6,), place), torch.tensor(LIMITS).repeat(3))
    taken = []
    for observations in torch.from_numpy(two_speeds().observations[: 6 * steps]).view(steps, 6, -1):
        taken.append(agent.act(observations))
        agent.observe(torch.full((6,), 0.5), torch.tensor([0.0, 1.0]).repeat(3))
    return torch.stack(taken)


@pytest.mark.parametrize("name", SAFETY.names())
def test_a_seed_acts_the_same_alone_and_in_a_block(name):
    block, alone = actions(trained(name, (3, 7)), 1), actions(trained(name, (7,)), 0)
    assert block.shape == (5, 6, 2)
    torch.testing.assert_close(block, alone, atol=1e-3, rtol=1e-3)
    assert not torch.allclose(block, actions(trained(name, (3, 7)), 0), atol=1e-3)


@pytest.mark.parametrize("name", SAFETY.names())
def test_agents_are_sorted_to_their_seeds_and_limits(name):
    agent = load_safe_agent(trained(name, (3, 7)))
    observations = torch.from_numpy(two_speeds().observations[:4])
    seeds, limits = torch.tensor([1, 0, 0, 1]), torch.tensor([2.0, 6.0, 2.0, 6.0])
    agent.begin(seeds, limits)
    mixed = agent.act(observations)
    for i in range(4):
        agent.begin(seeds[i : i + 1], limits[i : i + 1])
        torch.testing.assert_close(agent.act(observations[i : i + 1]), mixed[i : i + 1], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SAFETY.names())
def test_policies_survive_being_saved(name, tmp_path):
    made = trained(name, (3, 7))
    made.save(tmp_path / "policies.safetensors")
    loaded = Artifact.load(tmp_path / "policies.safetensors")
    assert (loaded.metadata["kind"], loaded.metadata["method"]) == ("safe", name)
    assert loaded.metadata["limits"] == list(LIMITS)
    assert torch.equal(actions(loaded, 0), actions(made, 0))
    assert all(tensor.isfinite().all() for tensor in loaded.tensors.values())


@pytest.mark.parametrize("name", SAFETY.names())
def test_methods_say_what_they_are(name):
    module = __import__(SAFETY.entry(name).__module__, fromlist=["__doc__"])
    assert "Source:" in module.__doc__
    assert "Objective" in module.__doc__
    for field, info in SAFETY.settings(name).model_fields.items():
        assert info.description, f"{name}.{field}"
        assert not info.is_required(), f"{name}.{field} has no default"
