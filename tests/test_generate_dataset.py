import json
import subprocess
import sys

from stages.environments.navigation import NavigationSettings
from stages.formats.loading import load
from stages.formats.recorded_in import environment_of
from stages.generators.subgoals import SubgoalSettings


def stage(output, settings):
    command = [sys.executable, "-m", "stages.generate_dataset", "-o", str(output), "--settings", json.dumps(settings)]
    return subprocess.run(command, capture_output=True, text=True)


def test_two_runs_give_equal_bytes_and_say_how_they_were_made(tmp_path):
    settings = {"method": "navigation", "steps_per_behaviour": 1500, "environment": {"max_episode_steps": 700}}
    first, second = stage(tmp_path / "a.hdf5", settings), stage(tmp_path / "b.hdf5", settings)
    assert first.returncode == second.returncode == 0, first.stderr
    assert (tmp_path / "a.hdf5").read_bytes() == (tmp_path / "b.hdf5").read_bytes()
    made = json.loads(load(tmp_path / "a.hdf5").attributes["generator"])
    assert made.pop("method") == "navigation"
    assert SubgoalSettings(**made).steps_per_behaviour == 1500
    assert environment_of(tmp_path / "a.hdf5").settings == NavigationSettings(max_episode_steps=700)
    assert "behaviour 1: 3 episodes" in first.stdout


def test_an_unknown_generator_is_refused(tmp_path):
    done = stage(tmp_path / "a.hdf5", {"method": "navigatoin"})
    assert done.returncode != 0 and done.stderr.count("\n") == 1
    assert "Did you mean 'navigation'?" in done.stderr
    assert list(tmp_path.iterdir()) == []
