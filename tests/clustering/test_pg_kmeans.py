import numpy as np
import pytest
import torch

from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.clustering.alternation.state_action_counts import StateActionCounts
from stages.clustering.alternation.tabular_policies import TabularPolicies
from stages.clustering.contract import Clustering
from stages.clustering.pg_kmeans import PgKmeans
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.errors import UserError
from stages.training.job import Job
from tests.clustering.tables import table_dataset
from tests.synthetic import two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    PgKmeansSettings(
        hidden_sizes=(16, 16),
        restarts=2,
        fit_steps=10,
        max_iterations=4,
        held_out_steps=5,
        batch_size=50,
        learning_rate=0.003,
        num_clusters=2,
        refit_epochs=4,
    ),
]


def method_of(dataset: EpisodeDataset, seeds=(0, 1, 2), **changes) -> PgKmeans:
    return PgKmeans(Job(dataset, list(seeds)), PgKmeansSettings(**{"num_clusters": 3, **changes}))


def clustered(dataset: EpisodeDataset, seeds=(0, 1, 2), **changes) -> Clustering:
    return method_of(dataset, seeds, **changes).fit()


def scores_of(found: Clustering, truth: np.ndarray, name: str = "nmi") -> list[float]:
    return [clustering_scores(truth, labels.numpy())[name] for labels in found.labels]


LARGE = table_dataset(episodes=150, steps=14)


@pytest.mark.parametrize("initial", [None, 8])
def test_policies_are_found_by_every_seed(initial):
    found = clustered(LARGE, range(5), initial_clusters=initial)
    assert min(scores_of(found, LARGE.behaviour_policy)) > 0.85
    assert found.converged == [True] * 5
    assert found.responsibilities.shape == (5, 150, 3)


def exact_objective(labels: np.ndarray, table: StateActionCounts, clusters: int) -> float:
    """J and the logarithm of the prior that smoothing stands for, under the likeliest policies."""
    logs = table.log_probs(table.by_cluster(labels, clusters, np.ones(len(labels))))
    return float((table.matrix @ logs.T)[np.arange(len(labels)), labels].sum() + table.smoothing * logs.sum())


@pytest.mark.parametrize("smoothing", [1e-6, 0.01, 1.0])
def test_objective_rises_strictly_until_nothing_changes(smoothing):
    table = StateActionCounts(LARGE, smoothing)
    found = clustered(LARGE, range(4), num_clusters=5, restarts=1, smoothing=smoothing, max_iterations=100)
    for seed in range(4):
        history = found.history_labels[:, seed].numpy()
        history = history[(history >= 0).all(1)]
        changed = (np.diff(history, axis=0) != 0).any(1)
        assert changed[:-1].all()
        assert not changed[-1]
        rises = np.diff([exact_objective(labels.astype(int), table, 5) for labels in history])
        assert (rises[:-1] > 0).all()
        assert rises[-1] == 0


def test_score_is_the_likelihood_per_step_of_the_labels():
    found = clustered(LARGE, [0], restarts=1, merge_refit=False)
    table, labels = StateActionCounts(LARGE, 0.01), found.history_labels[-1, 0].numpy().astype(int)
    counts = table.by_cluster(labels, 3, np.ones(150))
    assert found.score_history[-1, 0].item() == pytest.approx(table.likelihood(counts).sum() / LARGE.num_steps)


def test_best_of_several_runs_is_kept():
    found = clustered(LARGE, range(3), restarts=4)
    best = found.details["restart_score"].argmax(1)
    merged = found.details["restart_merged"]
    assert torch.equal(merged[torch.arange(3), best].long(), found.labels)
    assert found.details["restart_labels"].shape == (3, 4, 150)
    single = clustered(LARGE, range(3), restarts=1)
    assert (found.details["restart_score"].max(1).values >= single.details["restart_score"][:, 0]).all()
    torch.testing.assert_close(found.details["restart_score"][:, 0], single.details["restart_score"][:, 0])


def test_a_seed_is_the_same_alone_and_beside_others():
    together, alone = clustered(LARGE, range(4)), clustered(LARGE, [2])
    assert torch.equal(together.labels[2], alone.labels[0])


@pytest.mark.parametrize("refit", [True, False])
def test_unseen_episodes_go_to_the_policy_that_made_them(refit):
    everything = table_dataset(episodes=200, steps=14)
    first, second = everything.select(np.arange(140)), everything.select(np.arange(140, 200))
    method = method_of(first, initial_clusters=6, merge_refit=refit)
    found = method.fit()
    assert (method.predict(first).argmax(-1) == found.labels).float().mean() > 0.9
    for predicted, labels in zip(method.predict(second).argmax(-1), found.labels, strict=True):
        joined = clustering_scores(everything.behaviour_policy, torch.cat([labels, predicted]).numpy())
        assert joined["nmi"] > 0.8


def test_number_of_clusters_is_chosen_without_labels():
    found = clustered(LARGE, range(5), num_clusters=None)
    assert [len(of_seed.unique()) for of_seed in found.labels] == [3] * 5
    numbers, criteria = found.details["merge_num_clusters"], found.details["merge_scores"]
    assert numbers.shape == criteria.shape
    assert found.details["merge_costs"].shape == (5, numbers.shape[1] - 1)
    for of_seed, score in zip(numbers, criteria, strict=True):
        assert of_seed[score.nan_to_num(-torch.inf).argmax()] == 3


def test_merge_costs_are_the_losses_of_the_score_per_episode():
    found = clustered(LARGE, [0], initial_clusters=7)
    costs = found.details["merge_costs"][0]
    score = clustered(LARGE, [0], num_clusters=1).details["restart_score"][0, 0]
    unmerged = found.score_history[:, 0].nan_to_num(-torch.inf).max() * LARGE.num_steps
    assert (costs >= -1e-9).all()
    assert (unmerged - costs.sum() * 150).item() == pytest.approx(score.item(), rel=1e-6)


def test_short_episodes_take_no_part_and_get_labels():
    found = clustered(LARGE, [0], min_length=6)
    long = LARGE.episode_lengths >= 6
    assert (found.labels >= 0).all()
    alone = clustered(LARGE.select(np.flatnonzero(long)), [0], min_length=6)
    truth = LARGE.behaviour_policy
    assert clustering_scores(truth[long], found.labels[0].numpy()[long])["nmi"] > 0.8
    assert min(scores_of(alone, truth[long])) > 0.8
    with pytest.raises(UserError, match="no episode has 99 steps"):
        clustered(LARGE, min_length=99)


@pytest.mark.parametrize(
    "options",
    [
        {"log_prob_floor": -3.0},
        {"per_step_mean": True},
        {"empty_clusters": "reseed", "initial_clusters": 10},
        {"stride": 2},
        {"merge_refit": False, "initial_clusters": 6},
    ],
    ids=str,
)
def test_options_find_the_policies_too(options):
    assert np.mean(scores_of(clustered(LARGE, range(3), **options), LARGE.behaviour_policy)) > 0.8


def test_mean_over_steps_lets_every_episode_count_the_same():
    found = clustered(LARGE, [0], num_clusters=1, per_step_mean=True, smoothing=1e-9)
    table = StateActionCounts(LARGE, 1e-9)
    weights = LARGE.episode_lengths.mean() / LARGE.episode_lengths
    logs = table.log_probs(table.by_cluster(np.zeros(150, dtype=int), 1, weights))
    per_episode = (table.matrix @ logs.T)[:, 0] / LARGE.episode_lengths
    assert found.score_history[0, 0].item() == pytest.approx(per_episode.mean())


@pytest.mark.parametrize("episodes", [1, 2, 5])
@pytest.mark.parametrize("clusters", [1, 4, None])
def test_few_episodes(episodes, clusters):
    found = clustered(table_dataset(episodes=episodes), [0, 1], num_clusters=clusters)
    assert found.responsibilities.shape[1] == episodes
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, episodes))


def test_episodes_of_one_step_and_equal_episodes():
    one_step = table_dataset(steps=1)
    assert clustered(one_step).responsibilities.shape == (3, 40, 3)
    same = table_dataset(policies=1)
    assert clustered(same).score_history.nan_to_num(0).max() == 0
    assert [len(of_seed.unique()) for of_seed in clustered(same, num_clusters=None).labels] == [1, 1, 1]


def test_file_holds_all_and_policies_if_asked_for():
    found = clustered(LARGE, [0, 1], refit_epochs=1, hidden_sizes=(8,))
    assert found.behaviours is not None
    names = set(found.artifact(seeds=[0, 1]).part("details"))
    assert {"restart_labels", "restart_merged", "restart_score", "merge_costs"} <= names
    assert clustered(LARGE, [0]).behaviours is None


def test_backend_suits_the_dataset():
    def policies_of(dataset: EpisodeDataset, **changes) -> object:
        method = method_of(dataset, [0], fit_steps=2, max_iterations=1, restarts=1, **changes)
        method.fit()
        return method.policies

    assert isinstance(policies_of(LARGE), TabularPolicies)
    assert not isinstance(policies_of(LARGE, most_pairs=3), TabularPolicies)
    assert not isinstance(policies_of(LARGE, backend="neural"), TabularPolicies)
    assert not isinstance(policies_of(two_policies()), TabularPolicies)
    with pytest.raises(UserError, match="discrete"):
        policies_of(two_policies(), backend="tabular")


def test_fewer_clusters_than_asked_for_stay_as_they_are():
    found = PgKmeans(Job(table_dataset(), [0]), PgKmeansSettings(num_clusters=5, initial_clusters=2)).fit()
    assert found.responsibilities.shape[-1] == 5
    assert len(found.labels.unique()) <= 2
