"""What every clustering method promises, whatever its idea."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.clustering.contract import Clustering, ClusteringMethod
from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.training.job import Job
from tests.clustering.tables import long_table_dataset
from tests.embedded import summary_statistics
from tests.smallest import smallest_choice
from tests.synthetic import make_episodes, two_policies

METHODS = CLUSTERING.names()
DATASETS = {"continuous": two_policies(24, steps=12), "discrete": long_table_dataset(24, 2)}


def method(name: str, dataset: EpisodeDataset, seeds: tuple[int, ...] = (0, 1), **changes: Any) -> ClusteringMethod:
    choice = smallest_choice(CLUSTERING, name, **{"num_clusters": 2, "refit_epochs": 0, **changes})
    job = Job(dataset, list(seeds))
    return choice.entry(job, choice.settings, *([] if choice.entry.ingredient is None else [summary_statistics(job)]))


def check(found: Clustering, seeds: int, episodes: int) -> None:
    assert found.responsibilities.shape[:2] == (seeds, episodes)
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(seeds, episodes))
    assert (found.responsibilities >= 0).all()
    assert torch.equal(found.labels, found.responsibilities.argmax(-1))
    assert found.score_history.shape[1] == seeds and found.score_name
    assert found.history_labels.shape[1:] == (seeds, episodes) or len(found.history_labels) == 0
    assert len(found.converged) == seeds and all(isinstance(converged, bool) for converged in found.converged)
    assert all(sum(sizes) == episodes for sizes in found.sizes())


@pytest.mark.parametrize("kind", DATASETS)
@pytest.mark.parametrize("name", METHODS)
def test_result_is_complete_and_saved(name, kind, tmp_path):
    dataset = DATASETS[kind]
    found = method(name, dataset).fit()
    check(found, 2, dataset.num_episodes)
    found.artifact(seeds=[0, 1]).save(tmp_path / "clusters.safetensors")
    loaded = Artifact.load(tmp_path / "clusters.safetensors")
    assert torch.equal(loaded.tensors["labels"], found.labels)
    assert loaded.metadata["num_clusters"] == found.responsibilities.shape[-1]


@pytest.mark.parametrize("name", METHODS)
def test_policies_are_fitted_on_request(name):
    found = method(name, DATASETS["continuous"], refit_epochs=1).fit()
    assert found.behaviours is not None
    assert found.artifact().metadata["behaviour_sizes"][0] == 2


@pytest.mark.parametrize("name", METHODS)
def test_steady_policies_are_cloned_on_request_and_refused_for_discrete_actions(name):
    changes = {"refit_epochs": 1, "steady": {"hidden_sizes": (8,), "num_steps": 5}}
    with pytest.raises(UserError, match="steady needs actions that are vectors"):
        method(name, DATASETS["discrete"], **changes)
    found = method(name, DATASETS["continuous"], **changes).fit()
    assert found.artifact().metadata["behaviour_head"] == "bounded_gaussian"


@pytest.mark.parametrize("name", METHODS)
def test_unseen_episodes_are_labelled_or_refused(name):
    dataset = DATASETS["continuous"]
    fitted = method(name, dataset)
    found = fitted.fit()
    try:
        predicted = fitted.predict(two_policies(10, steps=12, seed=1))
    except UserError as error:
        assert "cannot label" in str(error)
        return
    assert predicted.shape == (2, 10, found.responsibilities.shape[-1])
    torch.testing.assert_close(predicted.sum(-1), torch.ones(2, 10))


@pytest.mark.parametrize("name", METHODS)
def test_a_seed_does_not_depend_on_those_beside_it(name):
    dataset = DATASETS["continuous"]
    both, alone = method(name, dataset, (3, 4)).fit(), method(name, dataset, (4,)).fit()
    clusters = alone.responsibilities.shape[-1]
    torch.testing.assert_close(both.responsibilities[1, :, :clusters], alone.responsibilities[0], atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize("name", METHODS)
def test_short_and_ragged_episodes(name):
    dataset = make_episodes([1, 3, 9, 1, 5, 2, 30, 4, 1, 6, 7, 2, 3, 12, 1, 8, 5, 4, 2, 9])
    check(method(name, dataset, (0,)).fit(), 1, 20)


@pytest.mark.parametrize("name", METHODS)
def test_one_cluster(name):
    found = method(name, DATASETS["continuous"], (0,), num_clusters=1, initial_clusters=1).fit()
    assert np.unique(found.labels).tolist() == [0]


@pytest.mark.parametrize("exponents", [(-40, 20), (30, -40)])
@pytest.mark.parametrize("name", METHODS)
def test_units_of_observations_and_actions_change_no_label(name, exponents):
    plain = two_policies(16, steps=12)
    # Powers of two, so that not even rounding differs; everything else is a matter of the method's own scales.
    observations, actions = (2.0**exponent for exponent in exponents)
    scaled = replace(
        plain,
        observations=plain.observations * np.float32(observations),
        next_observations=plain.next_observations * np.float32(observations),
        actions=plain.actions * np.float32(actions),
    )
    assert torch.equal(method(name, scaled, (0,)).fit().labels, method(name, plain, (0,)).fit().labels)
