import numpy as np

from stages import seeding
from stages.datasets.episodes import EpisodeDataset
from tests.rounding import round_datasets, rounded, shift_seeds
from tests.synthetic import make_episodes


def test_last_digits_change_and_nothing_else():
    values = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    found = rounded(values, 20)
    assert found.dtype == np.float32
    assert (found != values).mean() > 0.8
    np.testing.assert_allclose(found, values, rtol=2.0**-20, atol=0)
    np.testing.assert_array_equal(rounded(found, 20), found)


def test_whole_numbers_and_zero_stay():
    values = np.array([0.0, -0.5, 1.0, -3.0, 2.0**19 + 1], dtype=np.float32)
    np.testing.assert_array_equal(rounded(values, 20), values)


def test_datasets_are_rounded_when_they_are_made(monkeypatch):
    monkeypatch.setattr(EpisodeDataset, "__init__", EpisodeDataset.__init__)  # put back after the test
    plain = make_episodes([4, 3])
    round_datasets(12)
    coarse = make_episodes([4, 3])
    np.testing.assert_array_equal(coarse.observations, rounded(plain.observations, 12))
    assert (coarse.actions != plain.actions).any()
    np.testing.assert_array_equal(coarse.select(np.array([1])).rewards, coarse.rewards[4:])


def test_later_seeds_are_drawn(monkeypatch):
    monkeypatch.setattr(seeding, "generator", seeding.generator)  # put back after the test
    plain = [generator.random() for generator in seeding.generators([0, 5], "test")]
    shift_seeds(5)
    later = [generator.random() for generator in seeding.generators([0, 5], "test")]
    assert later[0] == plain[1] and later[1] not in plain
