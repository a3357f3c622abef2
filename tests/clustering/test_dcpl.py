import numpy as np
import pytest
import torch

from stages.clustering.dcpl import Dcpl, DcplSettings
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import dataset_of, make_episodes

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    DcplSettings(
        hidden_sizes=(16, 16),
        batch_size=50,
        filter_rounds=1,
        filter_steps=5,
        learning_rate=0.003,
        num_clusters=2,
        refit_epochs=4,
    ),
]

QUICK = {"hidden_sizes": (16,), "batch_size": 64, "learning_rate": 0.01, "filter_steps": 60, "filter_rounds": 3}


def fitted(dataset, seeds=(0,), **changes):
    model = Dcpl(Job(dataset, list(seeds)), DcplSettings(**{**QUICK, **changes}))
    return model, model.fit()


def groups(count: int, episodes: int = 90, steps: int = 20):
    """Policies whose average actions differ: the assumption that DCPL rests on."""
    random = np.random.default_rng(0)
    truth = np.arange(episodes) % count
    observations = random.standard_normal((episodes * steps, 2))
    angle = 2 * np.pi * np.repeat(truth, steps) / count
    actions = np.stack([np.cos(angle), np.sin(angle)], 1) + 0.2 * random.standard_normal((episodes * steps, 2))
    return dataset_of(observations, actions, np.zeros(len(actions)), [steps] * episodes, behaviour_policy=truth)


def numbers_of_pure_clusters(found, dataset) -> np.ndarray:
    """How many clusters each seed found, none of which mixes policies."""
    for labels in found.labels.numpy():
        assert all(len(set(dataset.behaviour_policy[labels == z])) == 1 for z in set(labels.tolist()))
    return np.array([len(set(labels.tolist())) for labels in found.labels])


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_number_of_clusters_is_found_with_them(count):
    """Of twelve seeds in a row 11, 7 and 11 found the number at the fewest, the others more."""
    dataset = groups(count, episodes=180)
    _, found = fitted(dataset, range(12))
    assert (numbers_of_pure_clusters(found, dataset) == count).sum() >= 5
    assert found.converged == [True] * 12


def test_discrete_actions_of_different_frequencies_are_told_apart():
    dataset = discrete_policies(states=1, noise=0.1, episodes=60)
    _, found = fitted(dataset, range(3))
    assert (numbers_of_pure_clusters(found, dataset) >= 2).all()


def test_no_more_clusters_than_asked_for():
    _, found = fitted(groups(3), [0, 1], num_clusters=2)
    assert found.responsibilities.shape[-1] == 2
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, 90))


def test_what_clusters_have_accepted_grows():
    _, found = fitted(groups(3), range(3))
    for scores in found.score_history.T:
        steps = scores[scores.isfinite()]
        assert (steps.diff() > 0).all()
        assert 0.95 < steps[-1] <= 1


def test_a_dataset_is_clustered_from_a_part_of_it():
    dataset = groups(2)
    model, found = fitted(dataset, range(12), max_episodes=40)
    assert found.details["accepted_in_round"].shape == (12, 40)
    numbers = numbers_of_pure_clusters(found, dataset)
    assert numbers.min() >= 2 and numbers.mean() < 3.5  # 3.1 at the most: which 40 they are decides how many it finds
    assert torch.equal(model.predict(dataset), found.responsibilities)
    assert torch.equal(model.predict(dataset.select(np.array([5]))), found.responsibilities[:, 5:6])


def test_a_seed_does_not_depend_on_those_beside_it():
    dataset = groups(3, episodes=45)
    _, together = fitted(dataset, [0, 1, 2])
    _, alone = fitted(dataset, [1])
    assert torch.equal(alone.labels[0], together.labels[1])


@pytest.mark.parametrize("threshold", ["density", "polynomial"])
@pytest.mark.parametrize(("lengths", "clusters"), [([3], None), ([1, 1, 1], None), ([1, 4, 2], 2), ([5, 5], 1)])
def test_few_and_short_episodes(lengths, clusters, threshold):
    _, found = fitted(make_episodes(lengths), [0, 1], num_clusters=clusters, threshold=threshold, filter_steps=5)
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, len(lengths)))
    assert found.labels.max() < (clusters or 7)
