import numpy as np
import pytest

from stages.clustering.alternation.thinning import every_nth_step
from tests.synthetic import make_episodes


@pytest.mark.parametrize("stride", [1, 2, 3, 10])
def test_every_nth_step_of_every_episode_is_kept(stride):
    dataset = make_episodes([1, 5, 6, 7])
    found = every_nth_step(dataset, stride)
    expected = [
        np.arange(start, end, stride) for start, end in zip(dataset.episode_starts, dataset.episode_ends, strict=True)
    ]
    np.testing.assert_array_equal(found.observations, dataset.observations[np.concatenate(expected)])
    assert found.episode_lengths.tolist() == [len(episode) for episode in expected]
    assert not (found.terminations & found.truncations).any()
