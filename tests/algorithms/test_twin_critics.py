import pytest
import torch

from stages.algorithms.contract import OfflineAlgorithm, train_offline
from stages.algorithms.td3_bc import Td3Bc, Td3BcSettings
from stages.algorithms.twin_critics import TwinCritics, pairs_of
from stages.registry import Choice
from stages.seeding import generators
from stages.training.draws import Draws, UniformDraws
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import ragged

SMALL = {"hidden_sizes": (8,), "batch_size": 16, "num_steps": 12}


def critics_of(seeds=(0, 1), hidden=(8, 6)) -> TwinCritics:
    return TwinCritics((5, *hidden), generators(list(seeds), "test"), 0.01)


def batch_of(seeds: int = 2) -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return {
        "observations": torch.randn(seeds, 1, 7, 3, generator=random),
        "actions": torch.randn(seeds, 1, 7, 2, generator=random),
        "target": torch.randn(seeds, 1, 7, 1, generator=random),
    }


def trained(penalty=None) -> dict[str, torch.Tensor]:
    learner = Td3Bc(Job(ragged(), [0, 1]), Td3BcSettings(**SMALL))
    learner.critics.penalty = penalty
    Loop(learner, learner.rows, learner.draws()).run(12)
    return learner.tensors()


def gradient_of(critics: TwinCritics, loss: torch.Tensor) -> torch.Tensor:
    (gradient,) = torch.autograd.grad(loss.sum(), critics.parameters)
    return gradient


@pytest.mark.parametrize(
    "zero",
    [
        lambda critics, batch: torch.zeros(2),
        lambda critics, batch: 0.0 * critics.features(pairs_of(batch)).square().mean((1, 2, 3)),
        lambda critics, batch: 0.0 * critics.input_gradients(pairs_of(batch)).square().mean((1, 2, 3)),
    ],
)
def test_a_penalty_of_zero_changes_no_bit_of_a_training(zero):
    plain, penalised = trained(), trained(zero)
    for name, tensor in plain.items():
        assert torch.equal(tensor, penalised[name]), name


def test_a_penalty_adds_its_gradient_to_that_of_the_errors():
    critics, batch = critics_of(), batch_of()
    pairs = pairs_of(batch)
    error = (critics(pairs) - batch["target"]).square().mean((2, 3)).sum(1)
    # By hand: the features are those of torch's own layers, up to the last hidden one.
    (first, first_bias), (second, second_bias), _ = critics.ensemble.layers(critics.parameters)
    hidden = torch.relu(pairs.expand(2, 2, 7, 5).flatten(0, 1) @ first + first_bias)
    features = torch.relu(hidden @ second + second_bias)
    expected = gradient_of(critics, error) + gradient_of(critics, 3 * features.square().sum())
    critics.penalty = lambda critics, batch: 3 * critics.features(pairs_of(batch)).square().sum((1, 2, 3))
    found = []
    critics.apply_gradient = lambda: found.append(critics.parameters.grad.clone())
    losses = critics.fit(batch, batch["target"])
    torch.testing.assert_close(found[0], expected)
    torch.testing.assert_close(losses["critic"], error)
    torch.testing.assert_close(losses["penalty"].sum(), 3 * features.square().sum())


def test_further_losses_of_a_method_add_their_gradient_and_their_name():
    critics, batch = critics_of(), batch_of()
    pairs = pairs_of(batch)
    error = (critics(pairs) - batch["target"]).square().mean((2, 3)).sum(1)
    expected = gradient_of(critics, error) + gradient_of(critics, critics(pairs).sum())
    found = []
    critics.apply_gradient = lambda: found.append(critics.parameters.grad.clone())
    losses = critics.fit(batch, batch["target"], sizes=critics(pairs).sum((1, 2, 3)))
    torch.testing.assert_close(found[0], expected)
    assert list(losses) == ["critic", "sizes"]


def test_held_critics_pass_gradients_to_the_pairs_alone():
    critics, pairs = critics_of(), pairs_of(batch_of()).requires_grad_()
    values = critics.held(pairs)
    torch.testing.assert_close(values, critics(pairs))
    values.sum().backward()
    assert critics.parameters.grad is None
    torch.testing.assert_close(pairs.grad, critics.input_gradients(pairs).detach().sum(1, keepdim=True))


def test_normed_critics_differentiate_their_gradients_too():
    critics, pairs = TwinCritics((5, 8, 6), generators([0, 1], "test"), 0.01, layer_norm=True), pairs_of(batch_of())
    gradients = critics.input_gradients(pairs)
    step = 1e-3 * torch.nn.functional.one_hot(torch.tensor(2), 5)
    slope = (critics(pairs + step) - critics(pairs - step)) / 2e-3
    assert (slope[..., 0] - gradients[..., 2]).abs().median() < 1e-3
    assert gradient_of(critics, gradients.square().sum()).abs().max() > 0


def test_input_gradients_are_those_of_each_value_and_can_be_differentiated():
    critics, pairs = critics_of(hidden=(8,)), pairs_of(batch_of())
    (weight, bias), (last, _) = critics.ensemble.layers(critics.parameters)
    active = (pairs.expand(2, 2, 7, 5).flatten(0, 1) @ weight + bias > 0).float()
    expected = (active * last.mT) @ weight.mT
    found = critics.input_gradients(pairs)
    torch.testing.assert_close(found, expected.unflatten(0, (2, 2)))
    torch.testing.assert_close(
        gradient_of(critics, found.square().sum()), gradient_of(critics, expected.square().sum())
    )


def test_the_plain_networks_give_what_the_ensemble_gives():
    critics, pairs = critics_of(), pairs_of(batch_of())
    plain = critics.ensemble.twice_differentiable(critics.parameters, pairs.expand(-1, 2, -1, -1))
    torch.testing.assert_close(plain, critics(pairs))


def test_a_penalty_of_a_seed_does_not_reach_another():
    def trained_critics(seeds, batch):
        critics = critics_of(seeds)
        critics.penalty = lambda critics, batch: critics.input_gradients(pairs_of(batch)).square().sum((1, 2, 3))
        for _ in range(5):
            critics.fit(batch, batch["target"])
        return critics.ensemble.arrays(critics.parameters.detach())

    both, batch = trained_critics((0, 1), batch_of()), batch_of()
    alone = trained_critics((1,), {name: values[1:] for name, values in batch.items()})
    for ours, expected in zip(both, alone, strict=True):
        torch.testing.assert_close(ours[1:], expected)


class FirstRows(Td3Bc):
    """Learns from the first rows alone, by a sampler of its own."""

    def draws(self) -> Draws:
        return UniformDraws(self.job.seeds, 5, self.settings.batch_size, noise=self.noise)


def test_what_is_sampled_is_the_methods_own_choice():
    seen = []

    class Watched(FirstRows):
        def fit_critics(self, batch):
            seen.append(batch["observations"])
            return super().fit_critics(batch)

    job = Job(ragged(), [0, 1])
    train_offline(job, Choice("watched", Watched, Td3BcSettings(**SMALL)))
    assert len(seen) == 12
    first = job.observations[:5]
    assert all(any(torch.equal(row, row_before) for row_before in first) for row in seen[0][0, 0])
    assert isinstance(Td3Bc(job, Td3BcSettings(**SMALL)), OfflineAlgorithm)
