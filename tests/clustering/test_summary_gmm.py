import numpy as np
import pytest
import torch

from stages.clustering.summary_gmm import SummaryGmm, SummaryGmmSettings
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.synthetic import dataset_of, make_episodes, ragged

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    SummaryGmmSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4),
]


def blobs(groups: int, episodes: int = 200, steps: int = 8):
    random = np.random.default_rng(0)
    truth = np.arange(episodes) % groups
    centres = 4 * np.repeat(truth, steps)[:, None]
    observations = centres + random.standard_normal((episodes * steps, 2))
    actions, rewards = random.standard_normal((episodes * steps, 1)), np.zeros(episodes * steps)
    return dataset_of(observations, actions, rewards, [steps] * episodes, behaviour_policy=truth)


def fitted(dataset, seeds=(0,), **changes) -> tuple[SummaryGmm, object]:
    model = SummaryGmm(Job(dataset, list(seeds)), SummaryGmmSettings(**changes))
    return model, model.fit()


@pytest.mark.parametrize("covariance", ["diag", "full"])
def test_separate_groups_are_found(covariance):
    dataset = blobs(3)
    _, found = fitted(dataset, [0, 1], num_clusters=3, covariance=covariance, num_starts=20)
    for labels in found.labels:
        assert clustering_scores(dataset.behaviour_policy, labels.numpy())["rand"] == 1.0
    assert found.converged == [True, True]
    assert found.score_history.isfinite().all()


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_bic_finds_the_number_of_groups(groups):
    _, found = fitted(blobs(groups), [0, 1], num_clusters=None, max_clusters=6)
    assert [len(set(labels.tolist())) for labels in found.labels] == [groups, groups]
    assert found.details["bic"].shape == (2, 6)
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, 200))


def test_fitted_episodes_are_predicted_as_they_were_labelled():
    dataset = ragged(episodes=20)
    model, found = fitted(dataset, [0, 3], num_clusters=3)
    torch.testing.assert_close(model.predict(dataset), found.responsibilities)


def test_a_seed_does_not_depend_on_those_beside_it():
    dataset = ragged(episodes=20)
    _, together = fitted(dataset, [0, 1, 2], num_clusters=4)
    _, alone = fitted(dataset, [1], num_clusters=4)
    assert torch.equal(alone.responsibilities[0], together.responsibilities[1])


def test_few_and_short_episodes():
    dataset = make_episodes([1, 1, 3])
    for k in (1, 3, None):
        _, found = fitted(dataset, num_clusters=k)
        assert found.responsibilities.isfinite().all()
