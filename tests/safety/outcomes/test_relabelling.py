import numpy as np

from stages.safety.outcomes.frontier import Frontier
from stages.safety.outcomes.relabelling import MARGIN, SLACK, relabelled
from stages.seeding import generator
from tests.safety.two_speeds import two_speeds


def test_relabelled_episodes_are_within_the_cost_and_near_the_frontier():
    dataset = two_speeds()
    labelled = relabelled(dataset, 2.0, generator(0, "test"))
    costs, returns = dataset.episode_costs, dataset.episode_returns
    assert len(labelled.episodes) == 90
    assert labelled.episodes[:30].tolist() == list(range(30))
    assert not labelled.return_shifts[:30].any() and not labelled.cost_shifts[:30].any()
    own_costs, own_returns = costs[labelled.episodes[30:]], returns[labelled.episodes[30:]]
    wished_costs, wished = own_costs + labelled.cost_shifts[30:], own_returns + labelled.return_shifts[30:]
    span, best = np.ptp(returns), Frontier.of(costs, returns).at(wished_costs)
    assert (labelled.cost_shifts >= 0).all()
    assert (own_returns >= best - SLACK * span - 1e-9).all()
    assert (wished >= best - 1e-9).all()
    assert (wished <= returns.max() + MARGIN * span + 1e-9).all()
    assert wished_costs.min() == costs.min() and wished_costs.max() == costs.max()


def test_none_are_relabelled_where_none_are_wanted():
    labelled = relabelled(two_speeds(), 0.0, generator(0, "test"))
    assert labelled.episodes.tolist() == list(range(30))


def test_one_episode():
    labelled = relabelled(two_speeds(episodes=1), 3.0, generator(0, "test"))
    assert labelled.episodes.tolist() == [0, 0, 0, 0]
    assert not labelled.cost_shifts.any()
