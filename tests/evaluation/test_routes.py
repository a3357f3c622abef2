import numpy as np
import pytest

from stages.evaluation.routes import applies, extra_cost, worse_route
from stages.generators.subgoals import SubgoalSettings, generate

BOUND = {"value": -375.0, "steps": 376.0}


def routes(subgoals: dict, noise: float = 0.1) -> np.ndarray:
    dataset = generate(SubgoalSettings(behaviours=subgoals, steps_per_behaviour=8000, noise=noise))
    return worse_route(
        dataset.episode_returns, dataset.episode_lengths, dataset.terminations[dataset.episode_ends - 1], BOUND
    )


@pytest.mark.parametrize("noise", [0.1, 0.0], ids=["as slow as the data", "at full speed"])
def test_routes_over_the_paper_map(noise):
    best = [(10, 0), (10, 15), (20, 15), (20, 30)]
    through_penalty = [(10, 0), (20, 0), (20, 30)]
    around = [(0, 30), (10, 30), (10, 15), (20, 15), (20, 30)]
    assert routes({"best": best}, noise).mean() <= 0.02
    assert routes({"through": through_penalty}, noise).all()
    assert routes({"around": around}, noise).all()


def test_not_reaching_the_goal_is_worse():
    assert worse_route(np.array([-300.0]), np.array([300]), np.array([False]), BOUND).all()


def test_extra_cost_by_hand():
    # Ten steps of -1, two of -2 and the free last one.
    np.testing.assert_array_equal(extra_cost(np.array([-14.0]), np.array([13]), np.array([True])), [2])


def test_kinds_of_reward():
    assert applies(np.array([-1.0, -2, 0]), np.array([False, False, True]))
    assert not applies(np.array([3.0, 2]), np.array([False, True]))
