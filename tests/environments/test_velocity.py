import gymnasium
import numpy as np
import pytest

from stages.environments.loading import make
from stages.environments.velocity import SPEED_LIMITS
from stages.errors import UserError

SIZES = {"Hopper": (11, 3), "HalfCheetah": (17, 6), "Walker2d": (17, 6), "Ant": (27, 8), "Swimmer": (8, 2)}
SIZES |= {"Humanoid": (376, 17)}
STEPS = 25


def body_position(robot, simulator):
    """Where the moving thing is: root joint, torso or centre of mass."""
    if robot == "Humanoid":
        masses = simulator.model.body_mass
        return (masses[:, None] * simulator.data.xipos).sum(0)[:2] / masses.sum()
    if robot == "Ant":
        return simulator.data.body("torso").xpos[:2].copy()
    return simulator.data.qpos[:2].copy()


@pytest.fixture(params=SPEED_LIMITS)
def pushed(request):
    """A robot's name, our task, and Gymnasium's with the same start, both pushed to one side."""
    robot = request.param
    environment = make(f"Safety{robot}Velocity-v1")
    with pytest.warns(DeprecationWarning):
        reference = gymnasium.make(f"{robot}-v4").unwrapped
    yield robot, environment, reference
    environment.close()
    reference.close()


def push(environment, reference, speed, seed):
    """Start both with the same state, moving along x with `speed`."""
    environment.reset(1, np.random.default_rng(seed))
    reference.reset(seed=int(np.random.default_rng(seed).integers(2**31, size=1)[0]))
    for simulator in (environment._robots[0], reference):
        velocity = simulator.data.qvel.copy()
        velocity[:2] += speed
        simulator.set_state(simulator.data.qpos.copy(), velocity)


def test_steps_are_gymnasiums_and_costs_follow_the_speed(pushed):
    robot, environment, reference = pushed
    costs = []
    for seed, push_by in enumerate((-2.0, 0.5, 1.0, 2.0, 4.0)):
        push(environment, reference, push_by * SPEED_LIMITS[robot], seed)
        random = np.random.default_rng(seed)
        for _ in range(STEPS):
            action = 0.3 * random.uniform(environment.action_low, environment.action_high)
            before = body_position(robot, reference)
            observation, reward, terminated, *_ = reference.step(action)
            velocity = (body_position(robot, reference) - before) / reference.dt
            speed = np.hypot(*velocity) if robot in ("Ant", "Humanoid") else velocity[0]
            step = environment.step(action[None])
            np.testing.assert_array_equal(step.observations[0], observation)
            assert (step.rewards[0], step.terminated[0]) == (reward, terminated)
            assert step.costs[0] == (speed > SPEED_LIMITS[robot])
            costs.append(step.costs[0])
            if terminated:
                break
    assert 0 < sum(costs) < len(costs)


def test_running_backwards_is_free_except_where_speed_is_planar(pushed):
    robot, environment, reference = pushed
    push(environment, reference, -4 * SPEED_LIMITS[robot], 0)
    assert environment.step(np.zeros((1, environment.action_size))).costs[0] == (robot in ("Ant", "Humanoid"))


def test_sizes_are_the_published_ones(pushed):
    robot, environment, _ = pushed
    assert (environment.observation_size, environment.action_size) == SIZES[robot]
    np.testing.assert_allclose(environment.action_high, 0.4 if robot == "Humanoid" else 1.0)
    assert environment.has_costs and environment.max_episode_steps == 1000


def test_a_fallen_robot_costs_nothing():
    environment = make("SafetyHopperVelocity-v1")
    environment.reset(2, np.random.default_rng(0))
    for _ in range(200):
        step = environment.step(np.ones((2, 3)))
        if step.terminated[0]:
            break
    assert step.terminated[0]
    assert environment.step(np.ones((2, 3))).costs[0] == 0
    environment.close()


def test_options_that_the_task_does_not_know_are_refused():
    with pytest.raises(UserError, match=r"options: not for Hopper-v4"):
        make("SafetyHopperVelocity-v1", {"options": {"wings": 2}})
