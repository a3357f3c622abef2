from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from stages.networks.normaliser import Normaliser
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
    torch.testing.assert_close(normaliser.observation_std[2], 1e-3 * normaliser.observation_std[:2].max())
    torch.testing.assert_close(normaliser.action_scale[1], 1e-3 * normaliser.action_scale[0])


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


@pytest.mark.parametrize("part", ["observation_mean", "observation_std", "action_centre", "action_scale"])
@pytest.mark.parametrize("change", ["longer", "one number", "empty", "nan", "folded"])
def test_what_does_not_fit_together_is_refused(part: str, change: str):
    tensors = Normaliser.of(dataset()).tensors()
    vector = tensors[part]
    changed = {
        "longer": torch.cat([vector, vector]),
        "one number": vector[:1],
        "empty": vector[:0],
        "nan": vector * torch.nan,
        "folded": vector[None],
    }
    # Shapes that annotations name are refused by them under pytest, and by the class itself otherwise.
    with pytest.raises((ValueError, TypeError)):
        Normaliser(**tensors | {part: changed[change]})


def test_a_scale_of_zero_is_refused():
    tensors = Normaliser.of(dataset()).tensors()
    with pytest.raises(ValueError, match="do not scale"):
        Normaliser(**tensors | {"action_scale": torch.zeros_like(tensors["action_scale"])})


@given(st.integers(-100, 60), st.integers(-100, 60))
def test_units_make_no_difference(exponent: int, action_exponent: int):
    plain, unit, action_unit = dataset(), np.float32(2.0**exponent), np.float32(2.0**action_exponent)
    scaled = replace(plain, observations=plain.observations * unit, actions=plain.actions * action_unit)
    for name in ("observations", "actions"):
        found, expected = (getattr(Normaliser.of(d), name)(torch.from_numpy(getattr(d, name))) for d in (scaled, plain))
        assert torch.equal(found, expected)


@given(st.integers(0, 100))
def test_what_varies_by_rounding_alone_is_constant(seed: int):
    noise = np.random.default_rng(seed).standard_normal((50, 3)) * np.array([1.0, 1e-9, 1e-4])
    normaliser = Normaliser.of(dataset_of(noise + np.array([0.0, 0.0, 5000.0]), noise, np.zeros(50), [50]))
    torch.testing.assert_close(normaliser.observation_std[1:], 1e-3 * normaliser.observation_std[:1].expand(2))
    assert normaliser.action_scale[2] < 1e-3 * normaliser.action_scale[0]  # little, and yet it varies
