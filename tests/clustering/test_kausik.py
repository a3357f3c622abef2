import numpy as np
import pytest
import torch

from stages.clustering.kausik import Kausik, KausikSettings
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import make_episodes, two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    KausikSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4),
]


def fitted(dataset, seeds=(0,), **changes):
    model = Kausik(Job(dataset, list(seeds)), KausikSettings(**changes))
    return model, model.fit()


def rands(dataset, found) -> list[float]:
    return [clustering_scores(dataset.behaviour_policy, labels.numpy())["rand"] for labels in found.labels]


@pytest.mark.parametrize("largest", [False, True])
def test_tables_are_found_by_every_seed(largest):
    dataset = discrete_policies(policies=3, episodes=60)
    _, found = fitted(dataset, range(5), num_clusters=3, largest_distance=largest)
    assert rands(dataset, found) == [1.0] * 5
    assert found.converged == [True] * 5


def test_spectral_clusters_alone_are_right_where_policies_are_far_apart():
    dataset = discrete_policies(policies=3, episodes=60)
    _, found = fitted(dataset, [0], num_clusters=3, em_iterations=0)
    assert rands(dataset, found) == [1.0]
    start = found.details["spectral_labels"][0].numpy()
    assert clustering_scores(dataset.behaviour_policy, start)["rand"] == 1.0


def test_vectors_are_numbered_first():
    dataset = two_policies(episodes=40, steps=60)
    _, found = fitted(dataset, [0, 1, 2], num_states=16, num_actions=8)
    assert rands(dataset, found) == [1.0] * 3


def test_identical_policies_are_clustered_near_chance():
    dataset = two_policies(episodes=60, gap=0.0)
    _, found = fitted(dataset, range(4))
    assert np.mean(rands(dataset, found)) == pytest.approx(0.5, abs=0.06)


def test_others_than_those_compared_are_labelled_by_likelihood():
    dataset = discrete_policies(policies=2, episodes=80)
    _, found = fitted(dataset, [0, 1], max_clustered=20, em_iterations=0)
    assert ((found.details["spectral_labels"] >= 0).sum(-1) == 20).all()
    assert rands(dataset, found) == [1.0, 1.0]


def test_score_rises_and_labels_are_kept():
    dataset = discrete_policies(policies=3, noise=0.5, episodes=60)
    _, found = fitted(dataset, [0, 1], num_clusters=3, max_clustered=20)
    for seed in range(2):
        scores = found.score_history[:, seed]
        ran = int(scores.isfinite().sum())
        assert (scores[:ran].diff() >= -1e-12).all()
        assert scores[ran:].isnan().all()
        assert torch.equal(found.history_labels[ran - 1, seed].long(), found.labels[seed])
        assert (found.history_labels[ran:, seed] == -1).all()


def test_fitted_episodes_are_predicted_as_they_were_labelled():
    for dataset in (two_policies(gap=0.2), discrete_policies(noise=0.4)):
        model, found = fitted(dataset, [0, 2])
        torch.testing.assert_close(model.predict(dataset), found.responsibilities)


def test_unseen_episodes_of_the_same_policies_are_told_apart():
    model, _ = fitted(discrete_policies(seed=0), [0, 1])
    unseen = discrete_policies(seed=1)
    for labels in model.predict(unseen).argmax(-1):
        assert clustering_scores(unseen.behaviour_policy, labels.numpy())["rand"] == 1.0


def test_states_never_met_tell_nothing():
    model, _ = fitted(discrete_policies(states=3), [0])
    unseen = discrete_policies(states=12, episodes=4)
    unseen.observations[:, 0] += 20
    assert (model.predict(unseen) == 0.5).all()


def test_a_seed_does_not_depend_on_those_beside_it():
    dataset = two_policies(gap=0.2)
    _, together = fitted(dataset, [0, 1, 2])
    _, alone = fitted(dataset, [1])
    assert torch.equal(alone.responsibilities[0], together.responsibilities[1])


@pytest.mark.parametrize(("lengths", "clusters"), [([3], 1), ([1, 1, 1], 2), ([1, 4, 2], 3), ([5, 5], 1)])
def test_few_and_short_episodes(lengths, clusters):
    _, found = fitted(make_episodes(lengths), [0, 1], num_clusters=clusters)
    assert found.responsibilities.shape == (2, len(lengths), clusters)
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, len(lengths)))
