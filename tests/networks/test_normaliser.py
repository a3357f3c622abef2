import numpy as np
import torch

from stages.networks.normaliser import MIN_STD, Normaliser
from tests.synthetic import dataset_of


def dataset(offset: float = 100.0):
    random = np.random.default_rng(0)
    observations = offset + random.standard_normal((500, 3)) * np.array([3.0, 0.5, 0.0])
    actions = random.uniform(-2, 6, (500, 2))
    actions[:, 1] = 0.25
    return dataset_of(observations, actions, np.zeros(500), [500])


def test_observations_become_standardised():
    data = dataset()
    scaled = Normaliser.of(data).observations(torch.from_numpy(data.observations))
    torch.testing.assert_close(scaled.mean(0), torch.zeros(3), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaled[:, :2].std(0), torch.ones(2), atol=1e-2, rtol=0)


def test_constant_columns_stay_finite():
    normaliser = Normaliser.of(dataset())
    assert normaliser.observation_std[2] == np.float32(MIN_STD)
    assert normaliser.action_scale[1] == np.float32(MIN_STD)


def test_actions_span_the_unit_box_and_come_back():
    data = dataset()
    normaliser, actions = Normaliser.of(data), torch.from_numpy(data.actions)
    scaled = normaliser.actions(actions)
    torch.testing.assert_close(scaled.amax(0), torch.tensor([1.0, 0.0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(scaled.amin(0), torch.tensor([-1.0, 0.0]), atol=1e-5, rtol=0)
    torch.testing.assert_close(normaliser.physical_actions(scaled), actions)


def test_statistics_of_many_large_values_are_exact():
    observations = np.full((200_000, 1), 3000.0)
    observations[::2] += 1
    data = dataset_of(observations, np.zeros((200_000, 1)), np.zeros(200_000), [200_000])
    normaliser = Normaliser.of(data)
    torch.testing.assert_close(normaliser.observation_mean, torch.tensor([3000.5]))
    torch.testing.assert_close(normaliser.observation_std, torch.tensor([0.5]))


def test_tensors_rebuild_it():
    normaliser = Normaliser.of(dataset())
    again = Normaliser(**normaliser.tensors())
    for name, tensor in normaliser.tensors().items():
        assert torch.equal(getattr(again, name), tensor)
