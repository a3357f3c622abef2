from dataclasses import replace

import pytest

from stages.environments.navigation import NavigationSettings
from stages.errors import UserError
from stages.formats.native import write_native
from stages.formats.recorded_in import environment_of
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
