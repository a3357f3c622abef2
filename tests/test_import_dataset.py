"""The stage, run as the user runs it."""

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from stages.command import parse_settings
from stages.datasets.recordings import recording_of_episode
from stages.datasets.summary import summary
from stages.errors import UserError
from stages.formats import FORMATS
from stages.formats.importing import ImportSettings, import_files
from stages.formats.loading import load
from stages.formats.native import write_native
from stages.generators.subgoals import SubgoalSettings, generate
from stages.import_dataset import main
from stages.provenance import file_hash
from stages.system_errors import system_error

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


def test_files_of_any_name_and_links_that_lead_nowhere(tmp_path):
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    done = stage(tmp_path / "loop", output=tmp_path / "made.hdf5")
    assert done.stderr == f"error: {tmp_path}/loop: is a link that leads back to itself. Remove the link\n"
    odd = written(os.fsencode(tmp_path / "a\nb") + b"\xff.hdf5", arrays())
    done = stage(os.fsdecode(odd), output=tmp_path / "made.hdf5")
    assert done.stderr == "" and f"{tmp_path}/a\\nb\\udcff.hdf5:\n  " in done.stdout


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


def test_files_lie_in_the_order_of_recording_unless_their_format_does_not_promise_it(tmp_path):
    first, second = (written(tmp_path / f"{name}.hdf5", arrays(i)) for i, name in enumerate(("a", "b")))
    plain, _ = import_files([first, second], ImportSettings())
    assert recording_of_episode(plain).tolist() == [0, 0, 1, 1]
    write_native(tmp_path / "again.hdf5", plain)
    again, _ = import_files([tmp_path / "again.hdf5", first], ImportSettings())
    assert recording_of_episode(again).tolist() == [0, 0, 1, 1, 2, 2]
    write_native(tmp_path / "unknown.hdf5", replace(plain, attributes={}))
    unknown, _ = import_files([first, tmp_path / "unknown.hdf5"], ImportSettings())
    assert recording_of_episode(unknown) is None
    thinned = written(tmp_path / "safe.hdf5", arrays() | {"costs": np.zeros(STEPS, dtype=np.float32)})
    assert recording_of_episode(import_files([thinned], ImportSettings())[0]) is None


def test_what_was_changed_is_printed(tmp_path):
    cut = {key: values[:-1] for key, values in arrays().items()}
    done = stage(written(tmp_path / "a.hdf5", cut), output=tmp_path / "out.hdf5", environment="Hopper-v4")
    assert done.returncode == 0
    assert "open-end: the file was cut inside its last episode, which is truncated there" in done.stdout


def test_a_refused_file_is_reported_in_full(tmp_path):
    broken = arrays()
    broken["rewards"][3] = broken["observations"][5] = np.nan
    done = stage(written(tmp_path / "a.hdf5", broken), output=tmp_path / "out.hdf5", environment="Hopper-v4")
    assert done.returncode != 0 and done.stderr.count("\n") == 1
    assert "error not-finite: NaN or infinite in row 5 (observations). Leave those episodes out" in done.stdout
    assert "error not-finite: NaN or infinite in row 3 (rewards)" in done.stdout
    assert "note discontinuity" in done.stdout


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"environment": "Hoper-v4"}, "unknown environment 'Hoper-v4'. Did you mean 'Hopper-v4'?"),
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


def test_a_format_that_is_none_is_refused_with_the_other_settings():
    with pytest.raises(UserError, match=r"^--settings: format: unknown dataset format 'd4lr'\. Did you mean 'd4rl'\?$"):
        parse_settings(ImportSettings, '{"format": "d4lr"}')


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
    with pytest.raises(UserError, match=r"b\.hdf5: observations have 17 numbers, those of .*a\.hdf5 have 11"):
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


def test_what_the_name_suggests_is_said(tmp_path):
    path = written(tmp_path / "hopper_medium-v2.hdf5", arrays())
    _, (report,) = import_files([path], ImportSettings())
    assert [note.rule for note in report.notes] == ["unknown-environment", "unofficial"]
    assert "Use the setting environment: Hopper-v4" in str(report)
    assert "named like the official D4RL hopper-medium-v2, but its contents are others" in str(report)
    _, (report,) = import_files([path], ImportSettings(environment="Hopper-v4"))
    assert [note.rule for note in report.notes] == ["unofficial"]


def test_an_official_file_is_known_by_its_contents(tmp_path, monkeypatch):
    path = written(tmp_path / "renamed.hdf5", arrays())
    contents = {"hopper-medium-v2": (path.stat().st_size, file_hash(path))}
    monkeypatch.setattr("stages.formats.official_files.OFFICIAL", contents)
    _, (report,) = import_files([path], ImportSettings())
    assert str(report).splitlines()[0].endswith("renamed.hdf5: official D4RL hopper-medium-v2")


def test_sources_keep_who_made_the_data(tmp_path):
    metadata = {"metadata/algorithm": np.bytes_("SAC"), "metadata/iteration": np.int32(3)}
    dataset, _ = import_files([written(tmp_path / "a.hdf5", arrays() | metadata)], ImportSettings())
    (source,) = json.loads(dataset.attributes["sources"])
    assert source["format"] == "d4rl" and source["algorithm"] == "SAC" and source["iteration"] == "3"


def test_a_folder_is_imported_like_a_file(tmp_path):
    dataset = generate(SubgoalSettings(steps_per_behaviour=300))
    FORMATS.entry("minari")().write(tmp_path / "walks-v0", dataset)
    back, _ = import_files([tmp_path / "walks-v0"], ImportSettings())
    assert back.behaviour_policy.tolist() == dataset.behaviour_policy.tolist()
    np.testing.assert_array_equal(back.observations, dataset.observations)
    (source,) = json.loads(back.attributes["sources"])
    assert source["file"] == "walks-v0" and source["sha256"] == file_hash(tmp_path / "walks-v0")


def test_vectors_and_numbers_of_actions_are_not_joined(tmp_path):
    numbers = arrays() | {"actions": np.arange(STEPS) % 4}
    files = [written(tmp_path / "a.hdf5", arrays()), written(tmp_path / "b.hdf5", numbers)]
    with pytest.raises(UserError, match=r"b\.hdf5: actions are to choose from, those of .*a\.hdf5 have 3 numbers"):
        import_files(files, ImportSettings())


def test_the_larger_number_of_actions_counts(tmp_path):
    parts = [arrays() | {"actions": np.arange(STEPS) % count} for count in (3, 5)]
    files = [written(tmp_path / f"{index}.hdf5", part) for index, part in enumerate(parts)]
    dataset, _ = import_files(files, ImportSettings())
    assert dataset.num_actions == 5 and dataset.actions.dtype == np.int64
    assert "5 actions to choose from" in summary(dataset)


def test_without_an_output_the_dataset_is_named_like_the_first_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    main([str(written(tmp_path / "mine.hdf5", arrays()))], None, ImportSettings())
    assert load("data/generated/mine.hdf5").num_steps == STEPS
    assert "saved data/generated/mine.hdf5" in capsys.readouterr().out


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_told(tmp_path):
    file = written(tmp_path / "a.hdf5", arrays())
    file.chmod(0)
    with pytest.raises(UserError, match=r"a\.hdf5: permission denied\. Ask its owner"):
        import_files([file], ImportSettings())


@pytest.mark.parametrize("number", [errno.EACCES, errno.EMFILE, errno.EIO, errno.ESTALE])
def test_what_the_system_refuses_is_never_called_damage(tmp_path, monkeypatch, number):
    file = written(tmp_path / "a.hdf5", arrays())

    def refused(*_, **__):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", refused)
    with pytest.raises(UserError) as error:
        import_files([file], ImportSettings())
    assert str(error.value) == str(system_error(OSError(number, ""), file))
    assert "damaged" not in str(error.value)
