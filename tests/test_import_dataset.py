"""The stage, run as the user runs it."""

import json
import subprocess
import sys

import h5py
import numpy as np
import pytest

from stages.datasets.importing import ImportSettings, import_files
from stages.datasets.loading import load
from stages.datasets.native_format import write_native
from stages.datasets.subgoals import SubgoalSettings, generate
from stages.errors import UserError

STEPS = 20


def arrays(seed=0, observation=11, action=3):
    """A sound D4RL file of two episodes of ten steps."""
    random = np.random.default_rng(seed)
    walk = random.standard_normal((STEPS + 2, observation), dtype=np.float32)
    ends = np.arange(STEPS) % 10 == 9
    return {
        "observations": np.delete(walk, [10, 21], axis=0),
        "next_observations": np.delete(walk, [0, 11], axis=0),
        "actions": random.uniform(-1, 1, (STEPS, action)).astype(np.float32),
        "rewards": random.standard_normal(STEPS, dtype=np.float32),
        "terminals": ends & (np.arange(STEPS) < 10),
        "timeouts": ends & (np.arange(STEPS) >= 10),
    }


def written(path, contents):
    with h5py.File(path, "w") as file:
        for key, values in contents.items():
            file.create_dataset(key, data=values, compression="gzip" if np.ndim(values) else None)
    return path


def stage(*files, output, **settings):
    command = [sys.executable, "-m", "stages.import_dataset", *files, "-o", output, "--settings", json.dumps(settings)]
    return subprocess.run(list(map(str, command)), capture_output=True, text=True)


def test_two_files_become_one_dataset_labelled_by_file(tmp_path):
    first, second = (written(tmp_path / f"{name}.hdf5", arrays(i)) for i, name in enumerate(("medium", "expert")))
    output = tmp_path / "made" / "hopper.hdf5"
    done = stage(first, second, output=output, environment="Hopper-v4", label_by_file=True)
    assert done.returncode == 0, done.stderr
    dataset = load(output)
    assert dataset.environment == "Hopper-v4"
    assert dataset.behaviour_policy.tolist() == [0, 0, 1, 1]
    assert dataset.behaviour_policy_names == ("medium", "expert")
    np.testing.assert_array_equal(dataset.observations[STEPS:], arrays(1)["observations"])
    sources = json.loads(dataset.attributes["sources"])
    assert [source["file"] for source in sources] == ["medium.hdf5", "expert.hdf5"]
    assert str(tmp_path) not in dataset.attributes["sources"]
    for line in ("medium.hdf5:", "expert: 2 episodes, 20 steps", f"saved {output}"):
        assert line in done.stdout


def test_what_was_changed_is_printed(tmp_path):
    cut = {key: values[:-1] for key, values in arrays().items()}
    done = stage(written(tmp_path / "a.hdf5", cut), output=tmp_path / "out.hdf5", environment="Hopper-v4")
    assert done.returncode == 0
    assert "open-end: the file was cut inside its last episode, which is truncated there" in done.stdout


def truncated_hdf5(path):
    written(path, arrays())
    path.write_bytes(path.read_bytes()[:-700])


def with_(**changes):
    def write(path):
        contents = {key: values for key, values in (arrays() | changes).items() if values is not None}
        written(path, contents)

    return write


def nan_at(row, key):
    values = arrays()[key]
    values[row] = np.nan
    return with_(**{key: values})


UNKNOWN = "bad.hdf5: has none of the known layouts (d4rl, native)"
REFUSED = {
    "missing file": (lambda path: None, "bad.hdf5: no such file"),
    "folder": (lambda path: path.mkdir(), UNKNOWN),
    "empty file": (lambda path: path.write_bytes(b""), UNKNOWN),
    "text": (lambda path: path.write_text("a,b\n1,2\n"), UNKNOWN),
    "truncated": (truncated_hdf5, "bad.hdf5: the HDF5 file is cut short"),
    "other layout": (
        lambda path: written(path, {"episode_0/x": np.zeros(3)}),
        UNKNOWN,
    ),
    "missing key": (
        with_(rewards=None),
        "bad.hdf5: no rewards. The file holds actions, next_observations",
    ),
    "missing keys": (with_(rewards=None, terminals=None), "bad.hdf5: no rewards and no terminals"),
    "NaN rewards": (nan_at(13, "rewards"), "bad.hdf5: rewards: NaN or infinite in row 13"),
    "NaN observations": (
        nan_at([4, 6], "observations"),
        "bad.hdf5: observations: NaN or infinite in 2 rows, first row 4",
    ),
    "overflow": (with_(rewards=np.full(STEPS, 1e39)), "bad.hdf5: rewards: NaN or infinite in 20 rows, first row 0"),
    "wrong length": (with_(rewards=np.zeros(19)), "bad.hdf5: rewards: 19 rows, observations have 20"),
    "wrong flag length": (with_(timeouts=np.zeros(3, bool)), "bad.hdf5: timeouts: 3 rows, observations have 20"),
    "no steps": (with_(**{k: v[:0] for k, v in arrays().items()}), "bad.hdf5: there are no steps"),
    "text rewards": (with_(rewards=np.array([b"x"] * STEPS)), "bad.hdf5: rewards: is of type |S1"),
    "group": (with_(observations=None, **{"observations/x": np.zeros(3)}), "bad.hdf5: observations: is a group"),
    "discrete actions": (with_(actions=np.zeros(STEPS, int)), "bad.hdf5: actions: has shape (20,), needs 2 axes"),
    "pictures": (with_(observations=np.zeros((STEPS, 4, 4))), "bad.hdf5: observations: has shape (20, 4, 4)"),
    "wide rewards": (with_(rewards=np.zeros((STEPS, 2))), "bad.hdf5: rewards: has shape (20, 2), needs 1 axis"),
    "odd flags": (with_(terminals=np.full(STEPS, 2)), "bad.hdf5: terminals: has values other than 0 and 1"),
    "narrow": (
        with_(next_observations=np.zeros((STEPS, 5))),
        "bad.hdf5: next_observations: not as wide as observations",
    ),
    "other robot": (
        with_(**arrays(observation=17)),
        "observations: 17 numbers per row, Hopper-v4 has 11",
    ),
    "other motors": (
        with_(**arrays(action=6)),
        "bad.hdf5: actions: 6 numbers per row, Hopper-v4 has 3",
    ),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_bad_file_is_refused_with_its_own_line(tmp_path, kind):
    write, message = REFUSED[kind]
    write(tmp_path / "bad.hdf5")
    good = written(tmp_path / "good.hdf5", arrays())
    with pytest.raises(UserError) as error:
        import_files([good, tmp_path / "bad.hdf5"], ImportSettings(environment="Hopper-v4"))
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_each_bad_file_has_its_own_message():
    messages = [message for _, message in REFUSED.values() if message != UNKNOWN]
    assert len(set(messages)) == len(messages)


@pytest.mark.parametrize("kind", ["missing file", "truncated", "missing key", "NaN rewards", "wrong length"])
def test_a_refusal_is_one_line_and_leaves_nothing_behind(tmp_path, kind):
    write, message = REFUSED[kind]
    write(tmp_path / "bad.hdf5")
    before = sorted(tmp_path.iterdir())
    done = stage(tmp_path / "bad.hdf5", output=tmp_path / "out.hdf5", environment="Hopper-v4")
    assert done.returncode != 0
    assert done.stderr.startswith("error: ") and message in done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"environment": "Hoper-v4"}, "unknown environment 'Hoper-v4'. Did you mean 'Hopper-v4'?"),
        ({"format": "d4lr"}, "unknown dataset format 'd4lr'. Did you mean 'd4rl'?"),
        ({"names": ["a"]}, "names: `names` are given but not used. Set label_by_file: true"),
        ({"names": ["a"], "label_by_file": True}, "names: 1 names for 2 files"),
        ({"names": ["a", "a"], "label_by_file": True}, "names: two files would have the same name"),
        ({"environment": "navigation", "environment_settings": {"sise": 2}}, "sise: unknown key. Did you mean 'size'?"),
    ],
)
def test_wrong_settings_are_refused(tmp_path, settings, message):
    files = [written(tmp_path / f"{i}.hdf5", arrays(i)) for i in range(2)]
    with pytest.raises(UserError) as error:
        import_files(files, ImportSettings(**settings))
    assert message in str(error.value)


def test_a_misspelt_setting_is_refused(tmp_path):
    done = stage(tmp_path / "a.hdf5", output=tmp_path / "out.hdf5", enviroment="Hopper-v4")
    assert done.returncode != 0 and done.stderr.count("\n") == 1
    assert "Did you mean 'environment'?" in done.stderr


def test_the_output_is_not_one_of_the_inputs(tmp_path):
    path = written(tmp_path / "a.hdf5", arrays())
    before = path.read_bytes()
    done = stage(path, output=path)
    assert done.returncode != 0 and "a.hdf5: is an input as well" in done.stderr
    assert path.read_bytes() == before


def test_files_of_two_environments_are_not_joined(tmp_path):
    files = [written(tmp_path / "a.hdf5", arrays()), written(tmp_path / "b.hdf5", arrays(observation=17))]
    with pytest.raises(UserError, match=r"b\.hdf5: observations have 17 numbers, those of .*a\.hdf5 11"):
        import_files(files, ImportSettings())


def test_own_files_keep_their_environment_and_labels(tmp_path):
    dataset = generate(SubgoalSettings(steps_per_behaviour=1000))
    write_native(tmp_path / "a.hdf5", dataset)
    back, _ = import_files([tmp_path / "a.hdf5"] * 2, ImportSettings())
    assert back.environment == "navigation"
    assert back.behaviour_policy.tolist() == dataset.behaviour_policy.tolist() * 2
    assert back.attributes["environment_settings"] == dataset.attributes["environment_settings"]
    with pytest.raises(UserError, match="recorded in navigation, not in Hopper-v4"):
        import_files([tmp_path / "a.hdf5"], ImportSettings(environment="Hopper-v4"))


def test_without_environment_files_can_still_be_clustered(tmp_path):
    dataset, _ = import_files([written(tmp_path / "a.hdf5", arrays(observation=5))], ImportSettings())
    assert dataset.environment == "" and dataset.num_episodes == 2
