import numpy as np
import pytest
import torch

from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.alternation.floored_likelihood import floored_likelihood
from stages.clustering.alternation.hard_assignment import HardAssignment
from stages.clustering.alternation.neural_policies import NeuralPolicies, PgLearner
from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.clustering.contract import Clustering
from stages.clustering.pg_kmeans import PgKmeans, episode_weights, first_labels
from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.clustering_scores import clustering_scores
from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.restarts import run_seeds
from tests.synthetic import two_policies

QUICK = {
    "hidden_sizes": (16,),
    "batch_size": 64,
    "learning_rate": 0.01,
    "fit_steps": 20,
    "max_iterations": 12,
    "restarts": 2,
    "held_out_steps": 200,
}


def settings_of(**changes) -> PgKmeansSettings:
    return PgKmeansSettings(**{**QUICK, **changes})


def method_of(dataset: EpisodeDataset, seeds=(0, 1), **changes) -> PgKmeans:
    return PgKmeans(Job(dataset, list(seeds)), settings_of(**changes))


def rand_indices(found: Clustering, dataset: EpisodeDataset) -> list[float]:
    return [clustering_scores(dataset.behaviour_policy, labels.numpy())["rand"] for labels in found.labels]


def test_separable_policies_are_found_by_every_seed():
    dataset = two_policies()
    method = method_of(dataset, range(3))
    found = method.fit()
    assert rand_indices(found, dataset) == [1.0] * 3
    assert found.converged == [True] * 3
    unseen = two_policies(seed=5)
    labels = torch.cat([found.labels, method.predict(unseen).argmax(-1)], dim=1)
    truth = np.concatenate([dataset.behaviour_policy, unseen.behaviour_policy])
    assert [clustering_scores(truth, of_seed.numpy())["rand"] for of_seed in labels] == [1.0] * 3


@pytest.mark.parametrize("options", [{"warm_start": False, "fit_steps": 60}, {"log_prob_floor": -3.0}], ids=str)
def test_options_find_the_policies_too(options):
    dataset = two_policies()
    assert rand_indices(method_of(dataset, **options).fit(), dataset) == [1.0] * 2


def test_more_clusters_are_merged():
    dataset = two_policies()
    found = method_of(dataset, initial_clusters=5).fit()
    assert rand_indices(found, dataset) == [1.0] * 2
    assert found.responsibilities.shape[-1] == 2


@pytest.mark.parametrize(("gap", "expected"), [(0.5, 2), (0.0, 1)])
def test_number_of_clusters_is_chosen_by_episodes_kept_aside(gap, expected):
    """Two by 20 of 20 seeds, one by 19."""
    dataset = two_policies(episodes=60, gap=gap)
    found = method_of(dataset, range(6), num_clusters=None, initial_clusters=4).fit()
    assert sum(len(of_seed.unique()) == expected for of_seed in found.labels) >= 4


def test_one_cluster_and_one_episode():
    assert (method_of(two_policies(), num_clusters=1).fit().labels == 0).all()
    found = method_of(two_policies(episodes=1), num_clusters=None).fit()
    assert found.responsibilities.tolist() == [[[1.0]], [[1.0]]]


def test_a_seed_is_the_same_alone_and_beside_others():
    dataset, options = two_policies(gap=0.3), {"centred_iterations": 1, "max_iterations": 6}
    together, alone = method_of(dataset, [0, 1, 2], **options).fit(), method_of(dataset, [1], **options).fit()
    assert torch.equal(together.labels[1], alone.labels[0])
    scores = alone.details["restart_score"][0]
    torch.testing.assert_close(together.details["restart_score"][1], scores, rtol=1e-3, atol=1.0)


def test_each_policy_learns_from_its_own_rows_alone():
    dataset = two_policies()
    learner, rows, draws = learner_of(dataset, [0])
    before = [view.clone() for view in learner.policies.ensemble.views(learner.policies.parameters.detach())]
    learner.table.values[..., 0] = 0
    Loop(learner, rows, draws).run(3)
    after = learner.policies.ensemble.views(learner.policies.parameters.detach())
    for old, new in zip(before, after, strict=True):
        changed = (old != new).flatten(1).any(1).view(2, 2)
        assert changed[:, 0].all()
        assert not changed[:, 1].any()


def test_floor_is_that_of_every_step():
    dataset = two_policies(episodes=4, steps=5)
    job = Job(dataset, [0])
    policies = learner_of(dataset, [0])[0].policies
    rows = behaviour_rows(job)
    plain, floored = (floored_likelihood(rows, dataset, floor)(policies) for floor in (None, -0.5))
    assert (floored >= -0.5 * 5).all()
    assert (floored >= plain).all()
    assert (floored > plain).any()


def learner_of(dataset: EpisodeDataset, seeds, **changes):
    job, settings = Job(dataset, list(seeds)), settings_of(**changes)
    start = first_labels(job, settings, 2).flatten(0, 1)
    found = HardAssignment(start, 2, settings.max_iterations, episode_weights(dataset, settings))
    runs, rows = run_seeds(job.seeds, settings.restarts), behaviour_rows(job)
    return PgLearner(job, settings, runs, rows, found), rows, UniformDraws(runs, len(rows), settings.batch_size)


class Killed(BaseException):
    pass


class KillAt(Progress):
    def advance_to(self, done: int) -> None:
        if done >= self.total:
            raise Killed


def test_kill_and_resume_is_bit_equal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(progress: Progress | None) -> dict[str, torch.Tensor]:
        learner, rows, draws = learner_of(two_policies(gap=0.2), [0, 1], fit_steps=100, max_iterations=8)
        checkpoint = Checkpoint("pg", "out", "print", every_seconds=0.0)
        Loop(learner, rows, draws, checkpoint, progress).run(800)
        return learner.tensors()

    with pytest.raises(Killed):
        run(KillAt("test", 400))
    resumed = {name: tensor.clone() for name, tensor in run(None).items()}
    (tmp_path / ".checkpoints" / "out.pg.safetensors").unlink()
    for name, tensor in run(None).items():
        assert torch.equal(tensor.nan_to_num(), resumed[name].nan_to_num()), name


def test_seeds_of_runs_differ_and_belong_to_their_seed():
    assert run_seeds([3, 4], 2) == [3, 3 + 2**32, 4, 4 + 2**32]
    assert isinstance(method_fitted().policies, NeuralPolicies)


def method_fitted() -> PgKmeans:
    method = method_of(two_policies(episodes=6), [0], max_iterations=1)
    method.fit()
    return method
