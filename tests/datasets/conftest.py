from collections.abc import Callable, Sequence

import h5py
import numpy as np
import pytest

from stages.datasets.episodes import EpisodeDataset


def make_episodes(lengths: Sequence[int], seed: int = 0, observation: int = 3, action: int = 2) -> EpisodeDataset:
    """Random episodes of the given lengths, ended by terminations and truncations in turn, free of jumps."""
    random = np.random.default_rng(seed)
    walks = [random.standard_normal((length + 1, observation), dtype=np.float32) for length in lengths]
    steps = sum(lengths)
    ends = np.cumsum(lengths) - 1
    terminations, truncations = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=bool)
    terminations[ends[::2]] = True
    truncations[ends[1::2]] = True
    return EpisodeDataset(
        observations=np.concatenate([walk[:-1] for walk in walks]),
        actions=random.uniform(-1, 1, (steps, action)).astype(np.float32),
        rewards=random.standard_normal(steps, dtype=np.float32),
        terminations=terminations,
        truncations=truncations,
        next_observations=np.concatenate([walk[1:] for walk in walks]),
    )


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
