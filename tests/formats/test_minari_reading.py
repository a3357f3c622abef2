"""What becomes of Minari datasets that are not plain float32 vectors, and of broken ones."""

import json
from collections.abc import Callable

import h5py
import numpy as np
import pytest

from stages.formats.minari.reading import MinariFormat
from stages.formats.report import Report

# The keys and values that Minari 0.5.1 wrote for a thousand episodes of HalfCheetah, but for the totals.
SAMPLE = {
    "total_episodes": 2,
    "total_steps": 7,
    "data_format": "hdf5",
    "observation_space": json.dumps(
        {"type": "Box", "dtype": "float64", "shape": [17], "low": [-np.inf] * 17, "high": [np.inf] * 17}
    ),
    "action_space": json.dumps({"type": "Box", "dtype": "float32", "shape": [6], "low": [-1.0] * 6, "high": [1.0] * 6}),
    "env_spec": json.dumps(
        {
            "id": "HalfCheetah-v2",
            "entry_point": "gymnasium.envs.mujoco.half_cheetah:HalfCheetahEnv",
            "reward_threshold": 4800.0,
            "nondeterministic": False,
            "max_episode_steps": 1000,
            "order_enforce": True,
            "disable_env_checker": False,
            "kwargs": {},
            "additional_wrappers": [],
            "vector_entry_point": None,
        }
    ),
    "dataset_size": 210.2,
    "dataset_id": "HalfCheetah-Expert-v2",
    "code_permalink": "https://github.com/sfujim/TD3",
    "author": ["A. Author"],
    "author_email": ["author@example.org"],
    "algorithm_name": "TD3",
    "minari_version": "0.5.1",
}


def box(*shape: int, dtype: str = "float64") -> dict:
    return {"type": "Box", "dtype": dtype, "shape": list(shape), "low": -1.0, "high": 1.0}


def space(**subspaces: dict) -> str:
    return json.dumps({"type": "Dict", "subspaces": subspaces})


def make_arrays(steps: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {
        "observations": random.standard_normal((steps + 1, 17)),
        "actions": random.uniform(-1, 1, (steps, 6)).astype(np.float32),
        "rewards": random.standard_normal(steps),
        "terminations": np.zeros(steps, bool),
        "truncations": np.arange(steps) == steps - 1,
    }


@pytest.fixture
def stored() -> list[dict[str, np.ndarray]]:
    """Two episodes, of 4 and 3 steps."""
    return [make_arrays(4, 0), make_arrays(3, 1)]


@pytest.fixture
def folder(tmp_path) -> Callable:
    """Writes metadata and episodes and gives the dataset's folder."""

    def write(stored, **changes):
        data = tmp_path / "cheetah-v0" / "data"
        data.mkdir(parents=True, exist_ok=True)
        metadata = {key: value for key, value in (SAMPLE | changes).items() if value is not None}
        (data / "metadata.json").write_text(json.dumps(metadata))
        with h5py.File(data / "main_data.hdf5", "w") as file:
            for index, arrays in enumerate(stored):
                for key, values in arrays.items():
                    file[f"episode_{index}/{key}"] = values
        return data.parent

    return write


def read(path):
    report = Report(path)
    return MinariFormat().read(path, report), report


def noted(report):
    return sorted({finding.rule for finding in report.notes})


def test_a_cheetah(stored, folder):
    dataset, report = read(folder(stored))
    assert noted(report) == ["precision", "unknown-environment"]
    assert "HalfCheetah-v2" in str(report) and "2 of 2 episodes, first episode_0" in str(report)
    assert dataset.environment == ""
    assert dataset.attributes["minari_environment"] == "HalfCheetah-v2"
    assert dataset.attributes["minari_algorithm_name"] == "TD3"
    assert dataset.episode_lengths.tolist() == [4, 3]
    for index, rows in enumerate((slice(0, 4), slice(4, 7))):
        observations = stored[index]["observations"].astype(np.float32)
        np.testing.assert_array_equal(dataset.observations[rows], observations[:-1])
        np.testing.assert_array_equal(dataset.next_observations[rows], observations[1:])
        np.testing.assert_array_equal(dataset.actions[rows], stored[index]["actions"])
        np.testing.assert_array_equal(dataset.rewards[rows], stored[index]["rewards"].astype(np.float32))
    assert dataset.truncations.nonzero()[0].tolist() == [3, 6] and not dataset.terminations.any()


def test_known_environments_and_their_settings(stored, folder):
    spec = json.loads(SAMPLE["env_spec"]) | {"id": "HalfCheetah-v5"}
    dataset, _ = read(folder(stored, env_spec=json.dumps(spec)))
    assert dataset.environment == "HalfCheetah-v5" and "environment_settings" not in dataset.attributes
    changed = spec | {"kwargs": {"ctrl_cost_weight": 0.2, "render_mode": "rgb_array"}, "max_episode_steps": 50}
    dataset, _ = read(folder(stored, env_spec=json.dumps(changed)))
    settings = json.loads(dataset.attributes["environment_settings"])
    assert settings == {"options": {"ctrl_cost_weight": 0.2}, "max_episode_steps": 50}


def test_reference_scores_are_kept(stored, folder):
    dataset, _ = read(folder(stored, ref_min_score=-280.2, ref_max_score=12135.0, env_spec=None))
    assert (dataset.environment, dataset.attributes["minari_ref_min_score"]) == ("", "-280.2")


def test_termination_wins_and_open_ends_are_truncated(stored, folder):
    stored[0]["terminations"][-1] = True
    stored[1]["truncations"][-1] = False
    dataset, report = read(folder(stored))
    assert {"both-flags", "open-end"} <= set(noted(report))
    assert dataset.terminations.nonzero()[0].tolist() == [3]
    assert dataset.truncations.nonzero()[0].tolist() == [6]


def test_missing_final_observations(stored, folder):
    """A truncated episode loses its last step, a terminated one keeps it."""
    for arrays in stored:
        arrays["observations"] = arrays["observations"][:-1].astype(np.float32)
    stored[1]["terminations"][-1], stored[1]["truncations"][-1] = True, False
    dataset, report = read(folder(stored))
    assert "missing-next-observations" in noted(report)
    assert dataset.episode_lengths.tolist() == [3, 3]
    assert dataset.truncations.nonzero()[0].tolist() == [2] and dataset.terminations.nonzero()[0].tolist() == [5]
    np.testing.assert_array_equal(dataset.next_observations[2], stored[0]["observations"][3])
    np.testing.assert_array_equal(dataset.next_observations[5], stored[1]["observations"][2])


@pytest.mark.parametrize("key", ["infos/cost", "cost"])
@pytest.mark.parametrize("extra", [0, 1])
def test_costs_with_and_without_one_for_the_reset(stored, folder, key, extra):
    for steps, arrays in zip((4, 3), stored, strict=True):
        arrays[key] = np.concatenate([np.full(extra, 9.0), np.arange(steps)]).astype(np.float32)
    assert read(folder(stored))[0].costs.tolist() == [0, 1, 2, 3, 0, 1, 2]


def test_other_infos_are_left_out_and_said_to_be(stored, folder):
    stored[0]["infos/x_position"] = np.zeros(5)
    dataset, report = read(folder(stored))
    assert dataset.costs is None and "left out: infos/x_position" in str(report)


def test_discrete_actions_are_counted_from_zero(stored, folder):
    for arrays in stored:
        arrays["actions"] = np.arange(len(arrays["rewards"])) + 2
    discrete = json.dumps({"type": "Discrete", "dtype": "int64", "start": 2, "n": 4})
    dataset, _ = read(folder(stored, action_space=discrete))
    assert dataset.num_actions == 4 and dataset.actions.dtype == np.int64
    assert dataset.actions.tolist() == [0, 1, 2, 3, 0, 1, 2]


def test_goals_follow_the_observation(stored, folder):
    for arrays in stored:
        whole = arrays.pop("observations").astype(np.float32)
        parts = {"achieved_goal": whole[:, 13:15], "desired_goal": whole[:, 15:], "observation": whole[:, :13]}
        arrays |= {f"observations/{key}": values for key, values in parts.items()}
        arrays["whole"] = whole
    text = space(achieved_goal=box(2), desired_goal=box(2), observation=box(13))
    dataset, report = read(folder(stored, observation_space=text))
    assert "observation, achieved_goal, desired_goal" in str(report)
    np.testing.assert_array_equal(dataset.observations[4:], stored[1]["whole"][:-1])


def test_other_parts_follow_their_keys(folder):
    arrays = make_arrays(4, 0)
    whole = arrays.pop("observations").astype(np.float32)
    arrays["observations/b/_index_0"] = whole[:, 1:7].reshape(5, 2, 3)
    arrays["observations/b/_index_1"] = np.arange(5)
    arrays["observations/a"] = whole[:, :1]
    pair = {"type": "Tuple", "subspaces": [box(2, 3), {"type": "Discrete", "n": 5, "start": 0}]}
    changes = {"total_episodes": 1, "total_steps": 4, "observation_space": space(b=pair, a=box(1))}
    dataset, report = read(folder([arrays], **changes))
    assert "in the order a, b/0, b/1" in str(report) and "(2, 3) is taken as 6 numbers" in str(report)
    np.testing.assert_array_equal(dataset.observations[:, :7], whole[:4, :7])
    assert dataset.next_observations[:, 7].tolist() == [1, 2, 3, 4]
