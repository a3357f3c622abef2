import numpy as np
import pytest
import torch

from stages.clustering.sorl import LEAST_PROBABILITY, Sorl, SorlLearner, SorlSettings, SummedProbability
from stages.diagnosis.clustering_scores import clustering_scores
from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.job import Job
from stages.training.loop import Loop
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import make_episodes, ragged, two_policies

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    SorlSettings(
        hidden_sizes=(16, 16), em_epochs=4, batch_size=50, learning_rate=0.003, num_clusters=2, refit_epochs=4
    ),
]

QUICK = {"hidden_sizes": (16,), "batch_size": 50, "learning_rate": 0.01, "em_epochs": 15}


def settings_of(**changes) -> SorlSettings:
    return SorlSettings(**{**QUICK, **changes})


def fitted(dataset, seeds=(0,), **changes):
    model = Sorl(Job(dataset, list(seeds)), settings_of(**changes))
    return model, model.fit()


def learner_of(dataset, seeds=(0,), **changes) -> SorlLearner:
    return SorlLearner(Job(dataset, list(seeds)), settings_of(**changes))


@pytest.mark.parametrize("dataset", [two_policies(), discrete_policies()], ids=["vectors", "numbers"])
def test_separable_policies_are_found(dataset):
    _, found = fitted(dataset, range(5))
    rands = [clustering_scores(dataset.behaviour_policy, labels.numpy())["rand"] for labels in found.labels]
    assert np.median(rands) == 1.0
    assert found.score_history.isfinite().all()
    assert (found.score_history[-1] > found.score_history[0]).all()


@pytest.mark.parametrize("dataset", [ragged(), discrete_policies(episodes=9)], ids=["vectors", "numbers"])
def test_posterior_is_that_of_summed_probabilities(dataset):
    learner = learner_of(dataset, [0, 1], num_clusters=3)
    behaviours = learner.behaviours
    rows = behaviours.rows.gather(torch.arange(dataset.num_steps).expand(2, -1))
    probabilities = torch.exp(behaviours.head.log_prob(behaviours.policies(rows["observations"]), rows["actions"]))
    expected = torch.zeros(2, 9, 3)
    for row, episode in enumerate(dataset.episode_of_step):
        expected[:, episode] += probabilities[:, :, row].detach()
    found = learner.likelihood(behaviours.policies)
    torch.testing.assert_close(found, torch.log(expected).double(), rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(learner.weights, expected / expected.sum(-1, keepdim=True), rtol=1e-4, atol=1e-4)


def test_densities_of_many_powers_of_ten_are_summed():
    dataset = make_episodes([3, 2])

    class Told(SummedProbability):
        pass

    learner = learner_of(dataset)
    likelihoods = Told(learner.behaviours.rows, dataset)
    logs = torch.tensor([-500.0, 200.0, 200.0, -900.0, -901.0])
    likelihoods.head = type(likelihoods.head)(4, 2, lambda outputs, actions: logs.expand(1, 2, -1))
    found = likelihoods(learner.behaviours.policies)
    expected = [200 + np.log(2), -900 + np.log(1 + np.exp(-1))]
    assert found[0, :, 0].tolist() == pytest.approx(expected, rel=1e-5)


def test_loss_is_the_mixture_weighted_by_the_posterior():
    dataset = discrete_policies(episodes=6, steps=5)
    learner = learner_of(dataset, [0, 1])
    weights = torch.softmax(torch.randn(2, 6, 2, generator=torch.Generator().manual_seed(0)), dim=-1)
    weights[0, 0] = torch.tensor([1.0, 0.0])
    learner.weights.copy_(weights)
    batch = learner.behaviours.rows.gather(torch.arange(30).expand(2, -1))
    outputs = learner.behaviours.policies(batch["observations"])
    log_probs = learner.behaviours.head.log_prob(outputs, batch["actions"])
    chances = torch.exp(log_probs).clamp_min(LEAST_PROBABILITY).detach()
    of_steps = weights[:, dataset.episode_of_step].mT
    expected = -torch.log((of_steps * chances).sum(1)).mean(-1)
    found = learner.fit_policies(batch, learner.behaviours.weights.rows_of(batch))["policy"]
    torch.testing.assert_close(found.detach(), expected)


def test_unseen_episodes_are_told_apart():
    model, _ = fitted(discrete_policies(), [0, 1, 2])
    unseen = discrete_policies(seed=1)
    rands = [
        clustering_scores(unseen.behaviour_policy, labels.numpy())["rand"]
        for labels in model.predict(unseen).argmax(-1)
    ]
    assert np.median(rands) == 1.0


def test_a_seed_does_not_depend_on_those_beside_it():
    dataset = two_policies(gap=0.3)
    _, together = fitted(dataset, [0, 1, 2], em_epochs=4)
    _, alone = fitted(dataset, [1], em_epochs=4)
    torch.testing.assert_close(alone.responsibilities[0], together.responsibilities[1], rtol=1e-3, atol=1e-3)


class Killed(BaseException):
    pass


class KillAt(Progress):
    def advance_to(self, done: int) -> None:
        if done >= self.total:
            raise Killed


def test_kill_and_resume_is_bit_equal(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(progress: Progress | None) -> dict[str, torch.Tensor]:
        learner = learner_of(two_policies(), [0, 1])
        checkpoint = Checkpoint("sorl", "out", "print", every_seconds=0.0)
        loop = Loop(learner, learner.behaviours.rows, learner.draws, checkpoint, progress, log_every=10)
        loop.run(6 * learner.draws.steps_per_epoch)
        return {**learner.tensors(), "posterior": learner.posterior()}

    with pytest.raises(Killed):
        run(KillAt("test", 3 * 20))
    resumed = run(None)
    (tmp_path / ".checkpoints" / "out.sorl.safetensors").unlink()
    for name, tensor in run(None).items():
        assert torch.equal(tensor.nan_to_num(), resumed[name].nan_to_num()), name


@pytest.mark.parametrize(("lengths", "clusters"), [([3], 1), ([1, 1, 1], 2), ([1, 4, 2], 3)])
def test_few_and_short_episodes(lengths, clusters):
    _, found = fitted(make_episodes(lengths), [0, 1], num_clusters=clusters, em_epochs=2)
    assert found.responsibilities.shape == (2, len(lengths), clusters)
    torch.testing.assert_close(found.responsibilities.sum(-1), torch.ones(2, len(lengths)))


def test_refitting_trains_policies_and_classifier():
    _, found = fitted(two_policies(), [0], refit_epochs=2, em_epochs=2)
    assert {"policy/values", "refit policy/values", "refit classifier/values"} <= set(found.metrics)
    assert "classifier/values" not in found.metrics
