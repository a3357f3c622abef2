import tracemalloc
from dataclasses import replace

import h5py
import numpy as np
import pytest

from stages.datasets.episodes import PER_STEP, concatenate
from stages.datasets.joining import join
from stages.formats.importing import ImportSettings, import_files


@pytest.mark.parametrize("names", [None, ["a", "b", "c"]])
def test_it_is_what_concatenate_gives(episodes, names):
    parts = [
        replace(
            episodes([2, 3 + seed], seed),
            costs=np.full(5 + seed, seed, dtype=np.float32),
            environment="x",
            behaviour_policy=np.array([0, 1]),
            behaviour_policy_names=("slow", f"fast {seed % 2}"),
            attributes={"part": str(seed)},
        )
        for seed in range(3)
    ]
    expected = concatenate(parts, names)
    joined = join(parts, names)
    assert parts == []
    for name in (*PER_STEP, "behaviour_policy"):
        np.testing.assert_array_equal(getattr(joined, name), getattr(expected, name))
    for name in ("environment", "num_actions", "behaviour_policy_names", "attributes"):
        assert getattr(joined, name) == getattr(expected, name)


def test_a_single_dataset_is_not_copied(episodes):
    dataset = episodes([2, 3])
    joined = join([dataset], ["only"])
    assert joined.observations is dataset.observations
    assert joined.behaviour_policy.tolist() == [0, 0]


def test_the_most_actions_to_choose_from_count(episodes):
    dataset = episodes([2, 3])
    parts = [replace(dataset, actions=np.arange(5), num_actions=count) for count in (6, 9, 7)]
    assert join(parts).num_actions == 9


@pytest.mark.parametrize("num_files", [1, 2])
def test_importing_takes_little_more_memory_than_the_data(tmp_path, num_files):
    steps, walk = 50_000, np.random.default_rng(0).standard_normal((50_001, 11), dtype=np.float32)
    ends = np.arange(steps) % 1000 == 999
    for index in range(num_files):
        with h5py.File(tmp_path / f"{index}.hdf5", "w") as file:
            file.update({"observations": walk[:-1], "next_observations": walk[1:], "rewards": walk[1:, 0]})
            file.update({"actions": walk[1:, :3], "terminals": ends, "timeouts": ends & False})
    import_files([tmp_path / "0.hdf5"], ImportSettings())  # What is imported at run time does not count.
    tracemalloc.start()
    dataset, _ = import_files([tmp_path / f"{index}.hdf5" for index in range(num_files)], ImportSettings())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    size = sum(getattr(dataset, name).nbytes for name in PER_STEP if name != "costs")
    assert peak < 1.5 * size + 2e6  # The search for faulty rows works on pieces of fixed size.
