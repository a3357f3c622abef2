import numpy as np
import pytest

from stages.formats.base import recognise
from stages.formats.d4rl import D4rlFormat
from stages.formats.native import write_native
from stages.formats.report import Report


def read(path):
    report = Report(path)
    return D4rlFormat().read(path, report), report


def noted(report):
    return [finding.rule for finding in report.notes]


def test_a_sound_file_is_taken_over_bit_by_bit(d4rl_arrays, hdf5):
    dataset, report = read(hdf5(d4rl_arrays))
    assert report.notes == []
    assert dataset.episode_lengths.tolist() == [4, 5, 3]
    pairs = {"terminations": "terminals", "truncations": "timeouts"}
    for name in ("observations", "actions", "rewards", "next_observations", "terminations", "truncations"):
        np.testing.assert_array_equal(getattr(dataset, name), d4rl_arrays[pairs.get(name, name)])
    assert dataset.costs is None


def test_costs_are_taken_over(d4rl_arrays, hdf5):
    costs = np.arange(12, dtype=np.float32)
    assert read(hdf5(d4rl_arrays | {"costs": costs}))[0].costs.tolist() == costs.tolist()


def test_columns_and_double_precision_are_noted(d4rl_arrays, hdf5):
    replay = d4rl_arrays | {
        "observations": d4rl_arrays["observations"].astype(np.float64),
        "rewards": d4rl_arrays["rewards"].astype(np.float64)[:, None],
        "terminals": d4rl_arrays["terminals"][:, None],
    }
    dataset, report = read(hdf5(replay))
    assert sorted(noted(report)) == ["column-shape", "column-shape", "precision", "precision"]
    np.testing.assert_array_equal(dataset.rewards, d4rl_arrays["rewards"])
    np.testing.assert_array_equal(dataset.observations, d4rl_arrays["observations"])


def test_flags_may_be_numbers(d4rl_arrays, hdf5):
    floats = {key: d4rl_arrays[key].astype(np.float32) for key in ("terminals", "timeouts")}
    dataset, _ = read(hdf5(d4rl_arrays | floats))
    np.testing.assert_array_equal(dataset.terminations, d4rl_arrays["terminals"])


def test_the_timeout_wins_over_a_terminal(d4rl_arrays, hdf5):
    timeouts = d4rl_arrays["timeouts"].copy()
    timeouts[3] = True
    dataset, report = read(hdf5(d4rl_arrays | {"timeouts": timeouts}))
    assert noted(report) == ["both-flags"] and "1 rows" in str(report)
    assert not dataset.terminations[3] and dataset.truncations[3]
    assert dataset.episode_lengths.tolist() == [4, 5, 3]


def test_a_file_cut_inside_an_episode_truncates_it(d4rl_arrays, hdf5):
    cut = {key: values[:11] for key, values in d4rl_arrays.items()}
    dataset, report = read(hdf5(cut))
    assert noted(report) == ["open-end"]
    assert dataset.episode_lengths.tolist() == [4, 5, 2]
    assert dataset.truncations[-1] and not dataset.terminations[-1]


def test_without_timeouts_gaps_end_episodes(d4rl_arrays, hdf5):
    del d4rl_arrays["timeouts"]
    dataset, report = read(hdf5(d4rl_arrays))
    assert noted(report) == ["missing-timeouts"]
    assert dataset.episode_lengths.tolist() == [4, 5, 3]
    assert dataset.truncations.nonzero()[0].tolist() == [8]


def test_without_next_observations_only_true_successors_are_used(d4rl_arrays, hdf5):
    following = d4rl_arrays.pop("next_observations")
    dataset, report = read(hdf5(d4rl_arrays))
    assert noted(report) == ["missing-next-observations"]
    kept = np.delete(np.arange(12), 8)  # The truncated episode's last row has no successor in the file.
    assert dataset.episode_lengths.tolist() == [4, 4, 3]
    assert dataset.truncations.nonzero()[0].tolist() == [7]
    np.testing.assert_array_equal(dataset.observations, d4rl_arrays["observations"][kept])
    np.testing.assert_array_equal(dataset.rewards, d4rl_arrays["rewards"][kept])
    bootstrapped = ~dataset.terminations
    np.testing.assert_array_equal(dataset.next_observations[bootstrapped], following[kept][bootstrapped])


def test_truncated_episodes_of_one_step_vanish_without_next_observations(episodes, hdf5):
    dataset = episodes([2, 1, 3])
    arrays = {
        "observations": dataset.observations,
        "actions": dataset.actions,
        "rewards": dataset.rewards,
        "terminals": dataset.terminations,
        "timeouts": dataset.truncations,
    }
    back, _ = read(hdf5(arrays))
    assert back.episode_lengths.tolist() == [2, 3] and not back.truncations.any()


def test_without_timeouts_and_next_observations_terminals_alone_end_episodes(d4rl_arrays, hdf5):
    del d4rl_arrays["timeouts"], d4rl_arrays["next_observations"]
    dataset, report = read(hdf5(d4rl_arrays))
    assert noted(report) == ["missing-timeouts", "missing-next-observations"]
    assert dataset.episode_lengths.tolist() == [4, 8]


def test_what_is_left_out_is_named(d4rl_arrays, hdf5):
    others = {"infos/qpos": np.zeros((12, 6)), "metadata/policy/fc0/weight": np.zeros((3, 2))}
    _, report = read(hdf5(d4rl_arrays | others))
    assert noted(report) == ["not-kept"] and "left out: infos, metadata/policy" in str(report)


def test_metadata_become_text(d4rl_arrays, hdf5):
    metadata = {"metadata/algorithm": np.bytes_("SAC"), "metadata/iteration": np.int32(300)}
    dataset, report = read(hdf5(d4rl_arrays | metadata))
    assert dataset.attributes == {"algorithm": "SAC", "iteration": "300"}
    assert report.notes == []


def test_numbers_are_rounded_as_by_numpy(d4rl_arrays, hdf5):
    rewards = np.array([0.1, 1e-45, -0.0, -np.inf, 1e-39, np.nan, np.pi, 2**24 + 1, 1e-50, 3.4e38, np.inf, 7])
    dataset, _ = read(hdf5(d4rl_arrays | {"rewards": rewards}))
    assert dataset.rewards.tobytes() == rewards.astype(np.float32).tobytes()


def test_numbers_of_actions_stay_numbers(d4rl_arrays, hdf5):
    actions = np.arange(12, dtype=np.uint8) % 3
    for stored in (actions, actions[:, None]):
        dataset, report = read(hdf5(d4rl_arrays | {"actions": stored}))
        assert dataset.num_actions == 3 and "num-actions" in noted(report)
        assert dataset.actions.dtype == np.int64 and dataset.actions.tolist() == actions.tolist()
    dataset, report = read(hdf5(d4rl_arrays | {"actions": actions}, num_actions=5))
    assert dataset.num_actions == 5 and report.notes == []


def test_whole_vectors_are_vectors(d4rl_arrays, hdf5):
    dataset, report = read(hdf5(d4rl_arrays | {"actions": np.ones((12, 2), dtype=np.int32)}))
    assert dataset.num_actions is None and dataset.actions.dtype == np.float32
    assert noted(report) == ["precision"]


def test_formats_are_told_apart(d4rl_arrays, episodes, hdf5, tmp_path):
    assert recognise(hdf5(d4rl_arrays)) == "d4rl"
    write_native(tmp_path / "own.hdf5", episodes([2]))
    assert recognise(tmp_path / "own.hdf5") == "native"


@pytest.mark.parametrize("key", ["observations", "actions", "rewards", "terminals"])
def test_recognised_by_any_of_its_keys(d4rl_arrays, hdf5, key):
    assert recognise(hdf5({key: d4rl_arrays[key]})) == "d4rl"
