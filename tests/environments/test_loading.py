import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from stages.environments.loading import environment_of, make
from stages.environments.navigation import NavigationSettings
from stages.errors import UserError
from stages.formats.native import write_native
from stages.generators.subgoals import SubgoalSettings, generate

TASK = NavigationSettings(size=6, goal=(5, 5), penalty_boxes=[(1, 1, 2, 2)])


@pytest.fixture
def small():
    return generate(SubgoalSettings(behaviours={"up": [(0, 5)]}, steps_per_behaviour=10, environment=TASK))


def test_the_dataset_file_alone_rebuilds_its_environment(small, tmp_path):
    write_native(tmp_path / "a.hdf5", small)
    assert environment_of(tmp_path / "a.hdf5").settings == TASK


def test_a_dataset_without_environment_cannot_be_evaluated(small, tmp_path):
    write_native(tmp_path / "a.hdf5", replace(small, environment=""))
    with pytest.raises(UserError, match=r"a\.hdf5: names no environment.*`environment`"):
        environment_of(tmp_path / "a.hdf5")


def test_defaults_are_the_environments_own():
    assert make("navigation").settings == NavigationSettings()
    np.testing.assert_allclose(make("navigation").action_high, 0.2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("Hoper-v4",), "unknown environment 'Hoper-v4'. Did you mean 'Hopper-v4'?"),
        (("navigation", {"sise": 3}), "sise: unknown key. Did you mean 'size'?"),
        (("navigation", '{"size": -3}'), "size: should be greater than 0"),
    ],
)
def test_mistakes_get_one_line(arguments, message):
    with pytest.raises(UserError) as error:
        make(*arguments)
    assert message in str(error.value)


def test_navigation_does_not_load_the_simulator():
    code = (
        "import sys; from stages.environments.loading import make; make('navigation'); print('mujoco' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
