from collections.abc import Callable

import h5py
import numpy as np
import pytest

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import make_episodes


@pytest.fixture
def episodes() -> Callable[..., EpisodeDataset]:
    return make_episodes


@pytest.fixture
def d4rl_arrays() -> dict[str, np.ndarray]:
    """A sound D4RL file: three episodes of 4, 5 and 3 steps."""
    dataset = make_episodes([4, 5, 3])
    return {
        "observations": dataset.observations,
        "actions": dataset.actions,
        "rewards": dataset.rewards,
        "terminals": dataset.terminations,
        "timeouts": dataset.truncations,
        "next_observations": dataset.next_observations,
    }


@pytest.fixture
def hdf5(tmp_path) -> Callable:
    """Writes arrays and attributes to an HDF5 file and gives its path."""

    def write(arrays: dict[str, np.ndarray], name: str = "data.hdf5", **attributes):
        with h5py.File(tmp_path / name, "w") as file:
            for key, values in arrays.items():
                file.create_dataset(key, data=values)
            file.attrs.update(attributes)
        return tmp_path / name

    return write
