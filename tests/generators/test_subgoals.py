import json

import numpy as np
import pytest
from pydantic import ValidationError

from stages.datasets.episodes import PER_STEP
from stages.environments.navigation import Navigation, NavigationSettings
from stages.generators.subgoals import SubgoalSettings, generate

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    SubgoalSettings(steps_per_behaviour=1500),
]


@pytest.fixture(scope="module")
def published():
    """The paper's behaviours, a fifth of its size."""
    return generate(SubgoalSettings(steps_per_behaviour=200_000))


def test_lengths_and_returns_are_the_published_ones(published):
    expected = {0: (752, -845), 1: (565, -752)}
    for behaviour, (length, total) in expected.items():
        chosen = published.behaviour_policy == behaviour
        assert published.episode_lengths[chosen].mean() == pytest.approx(length, rel=0.01)
        assert published.episode_returns[chosen].mean() == pytest.approx(total, rel=0.01)
        assert published.terminations[published.episode_ends[chosen] - 1].all()


def test_whole_episodes_until_there_are_enough_steps(published):
    for behaviour in (0, 1):
        lengths = published.episode_lengths[published.behaviour_policy == behaviour]
        assert lengths.sum() - lengths[-1] < 200_000 <= lengths.sum()
    assert published.behaviour_policy_names == ("behaviour 0", "behaviour 1")


def test_records_follow_the_environment(published):
    """Every step, taken again from where it was recorded, leads where it was recorded to lead."""
    task = Navigation(NavigationSettings())
    following, rewards, _ = task.move(published.observations.astype(float), published.actions.astype(float))
    np.testing.assert_allclose(following, published.next_observations, atol=1e-5)
    assert (rewards != published.rewards).mean() < 1e-5  # Rounding to float32 may move a point over a box's border.
    inside = ~(published.terminations | published.truncations)[:-1]
    np.testing.assert_array_equal(published.next_observations[:-1][inside], published.observations[1:][inside])
    assert (published.observations[published.episode_starts] <= 0.1).all()
    assert np.abs(published.actions).max() <= np.float32(0.2)


def test_every_subgoal_is_visited_in_order(published):
    subgoals = SubgoalSettings().behaviours["behaviour 0"]
    for episode in range(3):
        rows = slice(published.episode_starts[episode], published.episode_ends[episode])
        path, after = published.next_observations[rows], 0
        for subgoal in subgoals:
            near = np.flatnonzero(np.linalg.norm(path[after:] - np.array(subgoal), axis=1) < 0.1 + 1e-5)
            assert len(near)
            after += near[0] + 1


def test_equal_settings_give_equal_data_and_another_seed_gives_other_data():
    small = SubgoalSettings(steps_per_behaviour=2000)
    first, second = generate(small), generate(small)
    other = generate(SubgoalSettings(steps_per_behaviour=2000, seed=1))
    for name in PER_STEP[:-1]:
        assert getattr(first, name).tobytes() == getattr(second, name).tobytes()
    assert first.observations[0].tolist() != other.observations[0].tolist()


def test_a_behaviours_data_do_not_depend_on_the_others():
    walks = {"up": [(0, 5)], "right": [(5, 0)], "middle": [(3, 3)]}
    task = NavigationSettings(size=6, goal=(6, 6), penalty_boxes=[])
    three = generate(SubgoalSettings(behaviours=walks, steps_per_behaviour=300, environment=task))
    alone = generate(SubgoalSettings(behaviours={"right": walks["right"]}, steps_per_behaviour=300, environment=task))
    np.testing.assert_array_equal(three.select(np.flatnonzero(three.behaviour_policy == 1)).actions, alone.actions)


def test_without_noise_the_shortest_way_is_walked():
    task = NavigationSettings(size=6, goal=(6, 6), penalty_boxes=[], start_size=0)
    dataset = generate(SubgoalSettings(behaviours={"up": [(0, 6)]}, noise=0, steps_per_behaviour=60, environment=task))
    assert dataset.episode_lengths.tolist() == [60]
    assert dataset.episode_returns.tolist() == [-59]


def test_episodes_end_at_the_time_limit():
    task = NavigationSettings(max_episode_steps=50)
    dataset = generate(SubgoalSettings(steps_per_behaviour=120, environment=task))
    assert dataset.episode_lengths.tolist() == [50] * 6
    assert dataset.truncations.sum() == 6 and not dataset.terminations.any()


def test_the_geometry_travels_with_the_data():
    task = NavigationSettings(size=6, goal=(5, 5), penalty_boxes=[(1, 1, 2, 2)])
    dataset = generate(SubgoalSettings(behaviours={"up": [(0, 5)]}, steps_per_behaviour=10, environment=task))
    assert NavigationSettings(**json.loads(dataset.attributes["environment_settings"])) == task


def test_subgoals_outside_the_square_are_refused():
    with pytest.raises(ValidationError, match=r"subgoal \(40.0, 0.0\) of 'far' lies outside"):
        SubgoalSettings(behaviours={"far": [(40, 0)]})
