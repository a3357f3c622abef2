"""What every trajectory embedding promises, whatever its idea."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.embeddings import EMBEDDINGS
from stages.embeddings.contract import Embedder, fit, load_embedder
from stages.embeddings.love import LoveSettings, extract
from stages.registry import Choice
from stages.training.job import Job
from tests.clustering.tables import long_table_dataset
from tests.smallest import smallest, smallest_choice
from tests.synthetic import two_policies

METHODS = EMBEDDINGS.names()
DATASETS = {"continuous": two_policies(24, steps=12), "discrete": long_table_dataset(24, 2)}


def choice_of(name: str, **changes: Any) -> Choice:
    return smallest_choice(EMBEDDINGS, name, **changes)


@cache
def fitted(name: str, kind: str, seeds: tuple[int, ...] = (0, 1)) -> Embedder:
    job = Job(DATASETS[kind], list(seeds))
    choice = choice_of(name)
    return fit(job, choice, None if choice.entry.ingredient is None else skills(kind, seeds))


@cache
def skills(kind: str, seeds: tuple[int, ...]) -> Artifact:
    return extract(Job(DATASETS[kind], list(seeds)), smallest(LoveSettings, "stages.embeddings.love"))


@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("name", METHODS)
def test_embeddings_are_scaled_to_the_training_episodes(name, kind):
    dataset = DATASETS[kind]
    found = fitted(name, kind).embed(dataset)
    assert found.shape[:2] == (2, dataset.num_episodes) and found.dtype == torch.float32
    assert found.isfinite().all()
    torch.testing.assert_close(found.mean(1), torch.zeros(2, found.shape[2]), atol=1e-3, rtol=0)
    assert (found.std(1, correction=0) < 1.001).all()


@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("name", METHODS)
def test_it_is_saved_and_loaded(name, kind, tmp_path):
    made = fitted(name, kind)
    made.artifact(choice_of(name)).save(tmp_path / "embedding.safetensors")
    loaded = load_embedder(Artifact.load(tmp_path / "embedding.safetensors"))
    few = DATASETS[kind].select(np.arange(5))
    assert torch.equal(loaded.embed(few), made.embed(few))


@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("name", METHODS)
def test_an_episode_does_not_depend_on_those_beside_it(name, kind):
    """More padding, other companions and another order change nothing."""
    dataset, made = DATASETS[kind], fitted(name, kind)
    longest, shortest = int(dataset.episode_lengths.argmax()), int(dataset.episode_lengths.argmin())
    alone = made.embed(dataset.select(np.array([shortest])))
    beside = made.embed(dataset.select(np.array([longest, 3, shortest, 7])))
    difference = (alone[:, 0] - beside[:, 2]).norm(dim=-1) / alone[:, 0].norm(dim=-1).clamp(min=1e-6)
    assert difference.max() < 1e-5


@pytest.mark.parametrize("name", METHODS)
def test_a_seed_does_not_depend_on_those_beside_it(name):
    both, alone = fitted(name, "continuous", (3, 4)), fitted(name, "continuous", (4,))
    episodes = two_policies(10, steps=12, seed=1)
    torch.testing.assert_close(both.embed(episodes)[1], alone.embed(episodes)[0], atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("name", METHODS)
def test_no_reward_enters(name):
    dataset, made = DATASETS["continuous"], fitted(name, "continuous")
    before = made.embed(dataset)
    dataset.rewards[:] += 1
    assert torch.equal(made.embed(dataset), before)
