import numpy as np
import pytest
import torch

from stages.clustering.contract import Clustering
from stages.clustering.em import Em, EmLearner, EmSettings, centred
from stages.diagnosis.clustering_scores import clustering_scores
from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    EmSettings(
        hidden_sizes=(16, 16),
        bias_epochs=1,
        pretrain_epochs=1,
        em_epochs=4,
        batch_size=50,
        learning_rate=0.003,
        momentum=0.5,
        num_clusters=2,
        refit_epochs=4,
    ),
]

SMALL = {"hidden_sizes": (16,), "batch_size": 50, "learning_rate": 0.01}
QUICK = {**SMALL, "bias_epochs": 2, "pretrain_epochs": 3, "em_epochs": 12, "momentum": 0.5}


def settings_of(**changes) -> EmSettings:
    return EmSettings(**{**QUICK, **changes})


def clustered(seeds=(0,), dataset=None, **changes) -> Clustering:
    return Em(Job(dataset or two_policies(), list(seeds)), settings_of(**changes)).fit()


def learner_of(seeds=(0,), dataset=None, **changes) -> EmLearner:
    return EmLearner(Job(dataset or two_policies(), list(seeds)), settings_of(**changes))


def rand_indices(found: Clustering, truth: np.ndarray) -> list[float]:
    return [clustering_scores(truth, labels.numpy())["rand"] for labels in found.labels]


def test_separable_policies_are_found_by_every_seed():
    dataset = two_policies()
    found = clustered(range(5), dataset)
    assert rand_indices(found, dataset.behaviour_policy) == [1.0] * 5
    assert found.responsibilities.max(-1).values.min() > 0.99
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(5, 40))
    assert found.converged == [True] * 5
    for labels, sizes in zip(found.labels, found.sizes(), strict=True):
        assert sizes == [int((labels == z).sum()) for z in range(2)] == [20, 20]


def test_identical_policies_are_clustered_near_chance():
    dataset = two_policies(episodes=60, gap=0.0)
    agreements = rand_indices(clustered(range(5), dataset), dataset.behaviour_policy)
    assert np.mean(agreements) == pytest.approx(0.5, abs=0.04)
    assert max(agreements) < 0.65


def test_expected_log_likelihood_does_not_fall():
    """Whole-batch M-steps and unaveraged posteriors: generalised EM, whose bound may not decrease."""
    dataset = two_policies(episodes=30, steps=20)
    options = {"batch_size": 600, "momentum": 0.0, "centred_epochs": 0, "bias_epochs": 5, "pretrain_epochs": 0}
    found = clustered([0, 1, 2], dataset, **options, em_epochs=150, learning_rate=3e-3)
    history = found.score_history
    assert history.isfinite().all()
    assert (history.diff(dim=0) > -1e-6).all()
    assert (history[-1] - history[0] > 0.3).all()


def test_log_likelihood_is_that_of_the_uniform_mixture_per_step():
    learner = learner_of(bias_epochs=0, pretrain_epochs=0)
    scores_now = learner.likelihood(learner.behaviours.policies)
    learner._log(0, scores_now)
    expected = np.log(np.exp(scores_now.numpy()).mean(-1)).sum() / learner.job.dataset.num_steps
    assert learner.score_history[0].item() == pytest.approx(expected, rel=1e-6)
    assert torch.equal(learner.history_labels[0].long(), scores_now.argmax(-1))


def permute_clusters(learner: EmLearner, order: list[int]) -> None:
    """Renumber the clusters of a learner: cluster i becomes what cluster order[i] was."""
    ensemble = learner.behaviours.policies.ensemble
    shape = ensemble.num_seeds, ensemble.num_members
    with torch.no_grad():
        for view in ensemble.views(learner.behaviours.policies.parameters):
            view.copy_(view.view(*shape, *view.shape[1:])[:, order].reshape(view.shape).clone())
        learner.weights.copy_(learner.weights[..., order].clone())


def test_renumbering_the_clusters_changes_nothing():
    order, options = [2, 0, 1], {"num_clusters": 3, "pretrain_epochs": 0, "bias_epochs": 0, "centred_epochs": 2}
    plain, renumbered = (learner_of([0, 1], **options) for _ in range(2))
    random = torch.softmax(torch.randn(plain.weights.shape, generator=torch.Generator().manual_seed(0)), dim=-1)
    for learner in (plain, renumbered):
        learner.weights.copy_(random)
    permute_clusters(renumbered, order)
    for learner in (plain, renumbered):
        Loop(learner, learner.behaviours.rows, learner.draws).run(4 * learner.draws.steps_per_epoch)
    torch.testing.assert_close(renumbered.posterior(), plain.posterior()[..., order], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(renumbered.weights, plain.weights[..., order], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(renumbered.score_history, plain.score_history, equal_nan=True)
    newest = plain.history_labels[3]
    assert torch.equal(torch.tensor(order)[renumbered.history_labels[3].long()], newest.long())


def epochs_of(learner: EmLearner, count: int) -> list[torch.Tensor]:
    """Weights in force during each of the first epochs, without any fitting in between."""
    found = [learner.weights.clone()]
    for _ in range(count - 1):
        learner.end_epoch({})
        found.append(learner.weights.clone())
    return found


def is_one_hot(weights: torch.Tensor) -> bool:
    return bool((weights.max(-1).values == 1).all() and (weights.sum(-1) == 1).all())


def test_all_heuristics_come_in_their_order():
    weights = epochs_of(learner_of(bias_epochs=2, pretrain_epochs=3, momentum=0.9), 7)
    assert all(is_one_hot(of_epoch) for of_epoch in weights[:2])
    assert torch.equal(weights[0], weights[1])
    assert weights[0].mean(1).flatten().tolist() == pytest.approx([0.5, 0.5], abs=0.3)
    assert all((of_epoch == 0.5).all() for of_epoch in weights[2:5])
    assert not (weights[5] == 0.5).all()


def test_heuristic_3_off():
    weights = epochs_of(learner_of(bias_epochs=0, pretrain_epochs=2), 3)
    assert (weights[0] == 0.5).all()
    assert (weights[1] == 0.5).all()
    assert not (weights[2] == 0.5).all()


def test_heuristic_2_off():
    weights = epochs_of(learner_of(bias_epochs=1, pretrain_epochs=0), 2)
    assert is_one_hot(weights[0])
    assert not is_one_hot(weights[1]) or not torch.equal(weights[0], weights[1])


@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
def test_heuristic_1_averages_posteriors(momentum):
    learner = learner_of(bias_epochs=0, pretrain_epochs=1, momentum=momentum, centred_epochs=0)
    posterior = learner.posterior()
    weights = epochs_of(learner, 4)
    expected = torch.full_like(posterior, 0.5)
    for of_epoch in weights[1:]:
        expected = momentum * expected + (1 - momentum) * posterior
        torch.testing.assert_close(of_epoch, expected)


def test_groups_differ_between_seeds_and_not_between_blocks():
    block, alone = learner_of([0, 1, 2]).weights, learner_of([1]).weights
    assert torch.equal(block[1], alone[0])
    assert not torch.equal(block[0], block[1])


def test_centred_scores_favour_no_policy_over_the_whole_dataset():
    random = torch.Generator().manual_seed(0)
    lengths = torch.tensor([3.0, 50.0, 10.0], dtype=torch.float64)
    raw = torch.randn(2, 3, 2, generator=random, dtype=torch.float64) * lengths[:, None] + torch.tensor([0.0, 5.0])
    found = centred(raw, lengths)
    torch.testing.assert_close((found / lengths[:, None]).mean(1), torch.zeros(2, 2, dtype=torch.float64))
    better_everywhere = raw + lengths[:, None] * torch.tensor([0.0, 3.0])
    torch.testing.assert_close(centred(better_everywhere, lengths), found)


def test_centring_lasts_for_the_epochs_asked_for():
    for asked in (0, 1):
        learner = learner_of(bias_epochs=0, pretrain_epochs=1, centred_epochs=asked, momentum=0.0)
        raw = learner.likelihood(learner.behaviours.policies)
        first, second = epochs_of(learner, 3)[1:]
        expected = centred(raw, learner.likelihood.lengths) if asked else raw
        torch.testing.assert_close(first, torch.softmax(expected, dim=-1).float())
        torch.testing.assert_close(second, torch.softmax(raw, dim=-1).float())


def test_patience_stops_early_and_null_never_does():
    patient, endless = clustered([0, 1], em_epochs=15, patience=3), clustered([0, 1], em_epochs=15)
    for seed in range(2):  # each stops by itself
        labels, score = patient.history_labels[:, seed], patient.score_history[:, seed]
        epochs = int(score.isfinite().sum())
        assert 4 <= epochs < 15
        assert (labels[:epochs] >= 0).all() and (labels[epochs:] == -1).all()
        assert (labels[epochs - 4 : epochs] == labels[epochs - 1]).all()
        assert score[epochs:].isnan().all()
    assert patient.converged == [True, True]
    assert (endless.history_labels >= 0).all()


def test_one_cluster_takes_everything():
    found = clustered([0, 1], num_clusters=1)
    assert (found.labels == 0).all()
    assert (found.responsibilities == 1).all()
    assert found.score_history.isfinite().all()
    assert found.artifact(seeds=[0, 1]).metadata["num_clusters"] == 1


def test_more_clusters_than_policies_still_separate_them():
    dataset = two_policies()
    found = clustered([0], dataset, num_clusters=4)
    for z in range(4):
        assert len(set(dataset.behaviour_policy[found.labels[0].numpy() == z])) <= 1


def test_refitting_sharpens_what_was_found():
    dataset = two_policies()
    plain, refitted = clustered([0], dataset, momentum=0.9), clustered([0], dataset, momentum=0.9, refit_epochs=15)
    assert rand_indices(refitted, dataset.behaviour_policy) == [1.0]
    assert "refit policy/values" in refitted.metrics
    assert not any(name.startswith("refit") for name in plain.metrics)
    assigned = refitted.responsibilities[0, torch.arange(40), refitted.labels[0]]
    assert assigned.min() > 0.999


class Killed(BaseException):
    pass


class KillAt(Progress):
    def advance_to(self, done: int) -> None:
        if done >= self.total:
            raise Killed


@pytest.mark.parametrize("epochs", [1, 7])
def test_kill_and_resume_is_bit_equal(tmp_path, monkeypatch, epochs):
    monkeypatch.chdir(tmp_path)

    def run(progress: Progress | None) -> dict[str, torch.Tensor]:
        learner = learner_of([0, 1])
        checkpoint = Checkpoint("em", "out", "print", every_seconds=0.0)
        loop = Loop(learner, learner.behaviours.rows, learner.draws, checkpoint, progress, log_every=10)
        metrics = loop.run(17 * learner.draws.steps_per_epoch)
        return {**learner.tensors(), "posterior": learner.posterior(), **metrics.tensors()}

    with pytest.raises(Killed):
        run(KillAt("test", epochs * 20))
    resumed = run(None)
    (tmp_path / ".checkpoints" / "out.em.safetensors").unlink()
    whole = run(None)
    assert resumed.keys() == whole.keys()
    for name, tensor in whole.items():
        assert tensor.equal(resumed[name]) or (
            tensor.isnan().any() and torch.equal(tensor.nan_to_num(), resumed[name].nan_to_num())
        )


def test_file_holds_what_the_other_stages_need(tmp_path):
    found = clustered([0, 1])
    made = found.artifact(seeds=[0, 1])
    assert made.tensors["labels"].shape == (2, 40)
    assert made.tensors["responsibilities"].shape == (2, 40, 2)
    assert made.tensors["history/labels"].shape == (12, 2, 40)
    assert set(made.part("normaliser")) == {"observation_mean", "observation_std", "action_centre", "action_scale"}
    assert {"policy/steps", "policy/values"} <= set(made.part("metrics"))


def test_a_seed_that_stops_early_is_the_same_beside_seeds_that_go_on():
    seeds, options = [0, 1, 2, 3], {"patience": 2, "refit_epochs": 2, "momentum": 0.8}
    dataset = two_policies(gap=0.4)
    together = clustered(seeds, dataset, **options)
    epochs = (together.history_labels[:, :, 0] >= 0).sum(0)
    assert len(set(epochs.tolist())) > 1
    shared = together.behaviours.policies
    for place, seed in enumerate(seeds):
        alone = clustered([seed], dataset, **options)
        assert (alone.history_labels[:, 0, 0] >= 0).sum() == epochs[place]
        torch.testing.assert_close(alone.responsibilities[0], together.responsibilities[place], rtol=1e-3, atol=1e-3)
        single = alone.behaviours.policies
        views = zip(single.ensemble.views(single.parameters), shared.ensemble.views(shared.parameters), strict=True)
        for view, of_all in views:
            torch.testing.assert_close(view, of_all[2 * place : 2 * place + 2], rtol=1e-2, atol=1e-3)
