import numpy as np
import pytest

from stages.environments.dsrl import normalised_cost, task_of, tasks
from stages.generators.safe_navigation import SafeNavigationBehavioursSettings, generate


def test_there_are_38_tasks_with_the_published_number_of_episodes():
    published = [task for task in tasks().values() if task.suite != "Unmix"]
    assert len(published) == 38
    assert sum(task.num_episodes for task in published) == 76_093
    suites = {suite: sum(task.suite == suite for task in published) for suite in ("Bullet", "SafetyGym", "MetaDrive")}
    assert suites == {"Bullet": 8, "SafetyGym": 21, "MetaDrive": 9}
    assert all(task.min_return < task.max_return for task in published)


@pytest.mark.parametrize(
    ("environment_id", "name"),
    [
        ("SafetyHopperVelocity-v1", "HopperVelocity"),
        ("SafetyWalker2dVelocity-v1", "Walker2dVelocity"),
        ("OfflineHopperVelocityGymnasium-v1", "HopperVelocity"),
        ("OfflineCarButton1Gymnasium-v0", "CarButton1"),
        ("SafetyBallRun-v0", "BallRun"),
        ("OfflineMetadrive-easymean-v0", "easymean"),
        ("safe_navigation", "safe_navigation"),
    ],
)
def test_tasks_are_found_by_environment(environment_id, name):
    assert task_of(environment_id).name == name


@pytest.mark.parametrize("environment_id", ["SafetyHumanoidVelocity-v1", "Hopper-v4", "navigation", ""])
def test_other_environments_have_no_task(environment_id):
    assert task_of(environment_id) is None


def test_limits_are_those_of_the_suite():
    assert task_of("SafetyBallRun-v0").cost_limits == (10, 20, 40)
    assert task_of("SafetySwimmerVelocity-v1").cost_limits == (20, 40, 80)


def test_scores_by_hand():
    hopper = task_of("SafetyHopperVelocity-v1")
    ends = np.array([hopper.min_return, hopper.max_return, (hopper.min_return + hopper.max_return) / 2])
    np.testing.assert_allclose(hopper.normalised_return(ends), [0, 1, 0.5])
    assert task_of("SafetyAntVelocity-v1").normalised_return(np.array([-2994.0]))[0] == pytest.approx(-1.01, abs=0.005)
    np.testing.assert_allclose(normalised_cost(np.array([0.0, 10.0, 40.0]), 20.0), [0, 0.5, 2])
    np.testing.assert_allclose(normalised_cost(np.array([0.0, 3.0]), 0.0), [1, 4])


def test_a_negative_limit_is_refused():
    with pytest.raises(ValueError, match="limit -1 is negative"):
        normalised_cost(np.zeros(1), -1.0)


def test_safe_navigation_scores_refer_to_the_generators_default():
    task, dataset = task_of("safe_navigation"), generate(SafeNavigationBehavioursSettings())
    assert task.num_episodes == dataset.num_episodes
    assert (task.min_return, task.max_return) == (dataset.episode_returns.min(), dataset.episode_returns.max())
    assert task.max_cost == dataset.episode_costs.max()
