"""Files as users break them: each kind is refused with a line of its own that says what is wrong and where."""

import subprocess
import sys
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import h5py
import numpy as np
import pytest

from stages.errors import UserError
from stages.formats.importing import ImportSettings, import_files
from stages.formats.native import FORMAT_VERSION, write_native
from stages.formats.npz import NpzFormat
from tests.synthetic import make_episodes

STEPS = 20
DATASET = replace(
    make_episodes([6, 4, 7, 3], observation=11, action=3),
    costs=np.arange(STEPS, dtype=np.float32) % 2,
    behaviour_policy=np.array([0, 1, 0, 1]),
    behaviour_policy_names=("slow", "fast"),
)
D4RL = {
    "observations": DATASET.observations,
    "actions": DATASET.actions,
    "rewards": DATASET.rewards,
    "terminals": DATASET.terminations,
    "timeouts": DATASET.truncations,
    "next_observations": DATASET.next_observations,
}


def write_hdf5(path: Path, arrays: dict) -> None:
    with h5py.File(path, "w") as file:
        for key, values in arrays.items():
            file[key] = values


WRITE_GOOD = {
    "d4rl": lambda path: write_hdf5(path, D4RL),
    "dsrl": lambda path: write_hdf5(path, D4RL | {"costs": DATASET.costs}),
    "native": lambda path: write_native(path, DATASET),
    "npz": lambda path: NpzFormat().write(path, DATASET),
}


def arrays(**changes):
    """Damage: other arrays in an HDF5 file; None leaves one out."""

    def damage(path):
        with h5py.File(path, "a") as file:
            for key, values in changes.items():
                if key in file:
                    del file[key]
                if values is not None:
                    file[key] = values

    return damage


def attributes(**changes):
    """Damage: other attributes in an HDF5 file."""

    def damage(path):
        with h5py.File(path, "a") as file:
            file.attrs.update(changes)

    return damage


def members(**changes):
    """Damage: other arrays, or other bytes, in an archive; None leaves one out."""

    def damage(path):
        with np.load(path, allow_pickle=False) as archive:
            kept = {key: values for key, values in archive.items() if key not in changes}
        np.savez(path.open("wb"), **kept, **{k: v for k, v in changes.items() if isinstance(v, np.ndarray)})
        with ZipFile(path, "a") as archive:
            for key, values in changes.items():
                if isinstance(values, bytes):
                    archive.writestr(f"{key}.npy", values)

    return damage


def with_value(key, row, value):
    values = D4RL[key].copy()
    values[row] = value
    return values


def pickled():
    buffer = BytesIO()
    np.lib.format.write_array(buffer, np.array([{}, {}], dtype=object), allow_pickle=True)
    return buffer.getvalue()


def cut(size):
    return lambda path: path.write_bytes(path.read_bytes()[:size])


def overwritten(start, stop):
    def damage(path):
        contents = bytearray(path.read_bytes())
        contents[start:stop] = b"\xff" * len(contents[start:stop])
        path.write_bytes(contents)

    return damage


UNKNOWN = "bad: has none of the known layouts"
MALFORMED = {
    "missing file": ("d4rl", lambda path: path.unlink(), "bad: no such file"),
    "folder": ("d4rl", lambda path: (path.unlink(), path.mkdir()), UNKNOWN),
    "empty file": ("d4rl", lambda path: path.write_bytes(b""), UNKNOWN),
    "text": ("d4rl", lambda path: path.write_text("a,b\n1,2\n"), UNKNOWN),
    "other layout": ("d4rl", lambda path: write_hdf5(path, {"x": np.zeros(3)}), UNKNOWN),
    "cut short": ("d4rl", cut(-700), "bad: the HDF5 file is cut short"),
    "damaged inside": ("d4rl", overwritten(96, 2000), "bad: the HDF5 file is damaged"),
    "missing key": ("d4rl", arrays(rewards=None), "bad: no rewards. The file holds actions, next_observations"),
    "missing keys": ("d4rl", arrays(rewards=None, terminals=None), "bad: no rewards and no terminals"),
    "no steps": ("d4rl", arrays(**{key: values[:0] for key, values in D4RL.items()}), "bad: there are no steps"),
    "NaN reward": (
        "d4rl",
        arrays(rewards=with_value("rewards", 13, np.nan)),
        "bad: rewards: NaN or infinite in row 13",
    ),
    "NaN observations": (
        "d4rl",
        arrays(observations=with_value("observations", [4, 6], np.nan)),
        "bad: observations: NaN or infinite in 2 rows, first row 4",
    ),
    "infinite action": ("d4rl", arrays(actions=with_value("actions", 2, np.inf)), "bad: actions: NaN or infinite in"),
    "overflow": (
        "d4rl",
        arrays(rewards=np.full(STEPS, 1e39)),
        "bad: rewards: up to 1e+39, which float32",
    ),
    "wrong length": ("d4rl", arrays(rewards=np.zeros(19)), "bad: rewards: 19 rows, observations have 20"),
    "wrong flag length": ("d4rl", arrays(timeouts=np.zeros(3, bool)), "bad: timeouts: 3 rows, observations have 20"),
    "two errors": (
        "d4rl",
        arrays(rewards=np.zeros(7), actions=np.zeros((9, 3))),
        "bad: actions: 9 rows, observations have 20 (and 1 more: wrong-length)",
    ),
    "text rewards": ("d4rl", arrays(rewards=np.array([b"x"] * STEPS)), "bad: rewards: is of type |S1"),
    "complex rewards": ("d4rl", arrays(rewards=np.zeros(STEPS, complex)), "bad: rewards: is of type complex128"),
    "null rewards": ("d4rl", arrays(rewards=h5py.Empty("f4")), "bad: rewards: is empty, not an array of"),
    "scalar rewards": ("d4rl", arrays(rewards=1.0), "bad: rewards: has shape (), needs 1 axis. Store one number"),
    "wide rewards": ("d4rl", arrays(rewards=np.zeros((STEPS, 2))), "bad: rewards: has shape (20, 2), needs 1 axis"),
    "group": (
        "d4rl",
        arrays(**{"observations": None, "observations/x": np.zeros(3)}),
        "bad: observations: is a group, not an array of numbers",
    ),
    "pictures": (
        "d4rl",
        arrays(observations=np.zeros((STEPS, 4, 4))),
        "bad: observations: has shape (20, 4, 4), needs 2 axes. Store one vector per step",
    ),
    "flat actions": (
        "d4rl",
        arrays(actions=np.zeros(STEPS)),
        "bad: actions: has shape (20,), needs 2 axes. Store a vec",
    ),
    "no columns": ("d4rl", arrays(actions=np.zeros((STEPS, 0))), "bad: actions: has rows without numbers"),
    "negative action": (
        "d4rl",
        arrays(actions=np.arange(STEPS) - 1),
        "bad: actions: numbers from -1 to 18, there are 19 actions to choose from, counted from 0",
    ),
    "discrete actions for a robot": (
        "d4rl",
        arrays(actions=np.arange(STEPS)),
        "bad: actions: are numbers of actions to choose from, Hopper-v4 takes vectors",
    ),
    "odd flags": ("d4rl", arrays(terminals=np.full(STEPS, 2)), "bad: terminals: has values other than 0 and 1"),
    "narrow successors": ("d4rl", arrays(next_observations=np.zeros((STEPS, 5))), "next_observations: not as wide as"),
    "nothing left": (
        "d4rl",
        arrays(next_observations=None, terminals=np.zeros(STEPS, bool), timeouts=np.ones(STEPS, bool)),
        "bad: no row has a next observation",
    ),
    "other robot": (
        "d4rl",
        arrays(observations=np.zeros((STEPS, 17)), next_observations=np.zeros((STEPS, 17))),
        "bad: observations: 17 numbers per row, Hopper-v4 has 11. Check the settings `environment`",
    ),
    "DSRL without timeouts": ("dsrl", arrays(timeouts=None), "bad: no timeouts. The file holds actions, costs"),
    "DSRL without successors": ("dsrl", arrays(next_observations=None), "bad: no next_observations. The file holds"),
    "DSRL with NaN costs": ("dsrl", arrays(costs=np.full(STEPS, np.nan)), "bad: costs: NaN or infinite in 20 rows"),
    "DSRL with few costs": ("dsrl", arrays(costs=np.zeros(4)), "bad: costs: 4 rows, observations have 20"),
    "DSRL with odd flags": ("dsrl", arrays(timeouts=np.full(STEPS, 0.5)), "bad: timeouts: has values other than 0"),
    "native from tomorrow": (
        "native",
        attributes(format_version=FORMAT_VERSION + 1),
        f"bad: has format version {FORMAT_VERSION + 1}, this program knows up to {FORMAT_VERSION}. Update the program",
    ),
    "native with an odd version": ("native", attributes(format_version="one"), "bad: not a file of this project"),
    "native with an odd count": (
        "native",
        lambda path: (arrays(actions=np.arange(STEPS))(path), attributes(num_actions="many")(path)),
        "bad: num_actions: is many, not a whole number",
    ),
    "native with labels for some": ("native", arrays(behaviour_policy=np.array([0, 1])), "shape (2,) for 4 episodes"),
    "native with unknown labels": ("native", arrays(behaviour_policy=np.arange(4)), "labels outside 0 to 1"),
    "native with text labels": (
        "native",
        arrays(behaviour_policy=np.array([b"slow"] * 4)),
        "bad: behaviour_policy: is not an array of whole numbers",
    ),
    "native without an end": (
        "native",
        arrays(terminals=with_value("terminals", 19, False), timeouts=with_value("timeouts", 19, False)),
        "bad: the last row does not end its episode. Mark it as a timeout",
    ),
    "native with double ends": (
        "native",
        arrays(timeouts=np.ones(STEPS, bool)),
        "bad: row 5: 2 rows are terminals and timeouts. Keep one",
    ),
    "native with an unknown task": (
        "native",
        attributes(environment="Hoper-v4"),
        "recorded in Hoper-v4, not in Hopper",
    ),
    "archive cut short": ("npz", cut(-300), "bad: the archive is cut short or damaged. Make it again"),
    "archive damaged inside": ("npz", overwritten(600, 700), "bad: the archive is cut short or damaged"),
    "archive of something else": ("npz", lambda path: np.savez(path.open("wb"), x=np.zeros(3)), UNKNOWN),
    "archive without rewards": ("npz", members(rewards=None), "bad: no rewards. The file holds observations, actions"),
    "archive of objects": ("npz", members(rewards=pickled()), "bad: an array cannot be read (Object arrays cannot"),
    "archive with half an array": ("npz", members(rewards=b"\x93NUMPY\x01"), "bad: an array cannot be read (EOF"),
    "archive with text labels": (
        "npz",
        members(behaviour_policy=np.array(["a"] * 4)),
        "bad: behaviour_policy: is not an array of whole numbers",
    ),
    "archive with numbered names": (
        "npz",
        members(behaviour_policy_names=np.arange(2)),
        "bad: behaviour_policy_names: is of type int64, not text",
    ),
    "archive with odd attributes": ("npz", members(attributes=np.array("[1]")), "bad: attributes: is not a JSON"),
    "archive with half an action": (
        "npz",
        members(actions=np.arange(STEPS), num_actions=np.array(2.5)),
        "bad: num_actions: is 2.5, not a whole number",
    ),
    "archive with an action too many": (
        "npz",
        members(actions=np.arange(STEPS), num_actions=np.array(19)),
        "bad: actions: numbers from 0 to 19, there are 19 actions to choose from",
    ),
}


def damaged(path: Path, kind: str) -> Path:
    made, damage, _ = MALFORMED[kind]
    WRITE_GOOD[made](path)
    damage(path)
    return path


@pytest.mark.parametrize("kind", WRITE_GOOD)
def test_the_undamaged_files_are_accepted(tmp_path, kind):
    WRITE_GOOD[kind](tmp_path / "good")
    dataset, _ = import_files([tmp_path / "good"], ImportSettings(environment="Hopper-v4"))
    np.testing.assert_array_equal(dataset.observations, DATASET.observations)
    assert dataset.episode_lengths.tolist() == [6, 4, 7, 3]


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_file_is_refused_with_its_own_line(tmp_path, kind):
    with pytest.raises(UserError) as error:
        import_files([damaged(tmp_path / "bad", kind)], ImportSettings(environment="Hopper-v4"))
    assert MALFORMED[kind][2] in str(error.value)
    assert str(tmp_path / "bad") in str(error.value)
    assert "\n" not in str(error.value)


def test_lines_differ():
    lines = {(made, text) for made, _, text in MALFORMED.values() if text != UNKNOWN}
    assert len(lines) == len([text for _, _, text in MALFORMED.values() if text != UNKNOWN])
    assert len(lines) >= 30


@pytest.mark.parametrize("kind", ["cut short", "NaN reward", "archive of objects"])
def test_a_refusal_is_one_line_and_leaves_nothing_behind(tmp_path, kind):
    path = damaged(tmp_path / "bad", kind)
    before = sorted(tmp_path.iterdir())
    command = [sys.executable, "-m", "stages.import_dataset", str(path), "-o", str(tmp_path / "out.hdf5")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and MALFORMED[kind][2] in done.stderr
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr + done.stdout
    assert sorted(tmp_path.iterdir()) == before
