import pytest

from stages.formats import file_names
from stages.formats.file_names import stated_episodes, suggested_environment

KNOWN = ["Ant-v4", "HalfCheetah-v4", "Hopper-v4", "SafetyBallRun-v0", "SafetyHopperVelocity-v1", "Walker2d-v4"]


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setattr(file_names.ENVIRONMENTS, "names", lambda: KNOWN)


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        ("hopper_medium-v2.hdf5", "Hopper-v4"),
        ("hopper-medium-expert-v0.hdf5", "Hopper-v4"),
        ("halfcheetah_full_replay-v2.hdf5", "HalfCheetah-v4"),
        ("walker2d_random-v2.hdf5", "Walker2d-v4"),
        ("ant_expert-v2.hdf5", "Ant-v4"),
        ("antmaze-umaze-v2.hdf5", None),
        ("Ant_maze_u-maze_noisy_multistart_False_multigoal_False_sparse.hdf5", None),
        ("SafetyHopperVelocityGymnasium-v1-250-2240.hdf5", "SafetyHopperVelocity-v1"),
        ("SafetyBallRun-v0-80-940.hdf5", "SafetyBallRun-v0"),
        ("SafetyCarGoal1Gymnasium-v0-120-1671.hdf5", None),
        ("SafeMetaDrive-easysparse-v0-82.42-1000.hdf5", None),
        ("mine.hdf5", None),
    ],
)
def test_environments_are_suggested_where_they_exist(name, environment):
    assert suggested_environment(name) == environment


def test_names_of_dsrl_say_how_many_episodes_there_are():
    assert stated_episodes("SafetyHopperVelocityGymnasium-v1-250-2240.hdf5") == 2240
    assert stated_episodes("SafetyBallRun-v0-80-940.hdf5") == 940
    assert stated_episodes("hopper_medium-v2.hdf5") is None
