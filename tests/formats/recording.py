"""A sound recording in D4RL's layout, by two linear policies, to be spoiled in one way at a time."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

STEPS, LENGTH = 240, 20


def recording(episodes: int = STEPS // LENGTH, length: int = LENGTH, seed: int = 0) -> dict[str, np.ndarray]:
    """Odd and even episodes act as ``a = +-0.8 s``; every episode ends by a timeout."""
    random = np.random.default_rng(seed)
    starts = random.standard_normal((episodes, length + 1, 4)).cumsum(axis=1) / 4
    gain = np.where(np.arange(episodes) % 2, 0.8, -0.8)[:, None, None]
    actions = gain * starts[:, :-1, :2] + 0.1 * random.standard_normal((episodes, length, 2))
    ends = np.tile(np.arange(length) == length - 1, episodes)
    return {
        "observations": starts[:, :-1].reshape(-1, 4).astype(np.float32),
        "actions": actions.reshape(-1, 2).astype(np.float32),
        "rewards": random.standard_normal(episodes * length).astype(np.float32),
        "next_observations": starts[:, 1:].reshape(-1, 4).astype(np.float32),
        "terminals": np.zeros_like(ends),
        "timeouts": ends,
    }


def written(path: Path, arrays: dict[str, np.ndarray], **attributes: object) -> Path:
    """The path of an HDF5 file (or archive, by its suffix) with these arrays."""
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return path
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file.create_dataset(key, data=values)
        file.attrs.update(attributes)
    return path
