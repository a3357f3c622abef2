"""Pictures of safe agents are drawn from small data and show what they were given."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from stages.plotting import style
from stages.plotting.cost_reward import MARKERS, Achieved, Data, cost_reward, is_logarithmic
from stages.plotting.limit_curves import Curve, limit_curves
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.safe_paths import Walked, safe_paths
from stages.plotting.safe_study import Scored, safe_study

LIMITS = [10.0, 20.0]
DATA = Data(np.array([0.0, 5, 30]), np.array([1.0, 3, 2]), np.array([0.0, 5]), np.array([1.0, 3]))


def texts(figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", style.to_svg(figure, "picture"))


def achieved(title: str, cost: float) -> Achieved:
    return Achieved(title, np.full((2, 2), cost) + np.array([[0], [1]]), np.full((2, 2), 2.0))


def test_agents_lie_among_the_data_of_every_limit():
    figure = cost_reward([achieved("ours", 8.0), achieved("theirs", 12.0)], LIMITS, DATA)
    assert {"limit 10", "limit 20", "ours", "theirs", "frontier of the data"} <= set(texts(figure))
    assert len(figure.axes) == 2
    for axes, limit in zip(figure.axes, LIMITS, strict=True):
        marks = {line.get_label(): line for line in axes.lines}
        assert marks["ours"].get_xdata() == [8.5] and marks["theirs"].get_marker() == MARKERS[1]
        assert marks["ours"].get_color() == style.SERIES[0]
        staircase = marks["frontier of the data"]
        np.testing.assert_array_equal(staircase.get_ydata(), [1, 3, 3])
        assert list(axes.lines[0].get_xdata()) == [limit, limit]
        assert axes.get_xscale() == "linear" and 12 < axes.get_xlim()[1] < 30


def test_large_costs_are_on_a_logarithmic_scale_beyond_the_limit():
    agents = [achieved("ours", 8.0), achieved("careless", 900.0)]
    assert is_logarithmic(agents, LIMITS) and not is_logarithmic(agents[:1], LIMITS)
    figure = cost_reward(agents, LIMITS, None)
    assert figure.axes[0].get_xscale() == "symlog" and figure.axes[0].get_xlim()[1] > 901
    assert {"10", "30", "100", "300"} <= set(texts(figure))


def test_agents_need_not_be_run_under_every_limit():
    partly = Achieved("partly", np.array([[np.nan, 3.0]]), np.array([[np.nan, 3.0]]))
    figure = cost_reward([achieved("ours", 8.0), partly], LIMITS, DATA)
    assert "partly" in texts(figure)
    assert [any(line.get_label() == "partly" for line in axes.lines) for axes in figure.axes] == [False, True]


def test_a_limit_of_nothing_can_be_drawn():
    assert "limit 0" in texts(cost_reward([achieved("ours", 40.0)], [0.0, 10.0], DATA))


def test_curves_have_a_line_per_agent():
    curve = Curve("ours", np.array([10.0, 20]), np.array([[0.1, 0.2], [0.3, 0.4]]), np.array([[0.5, 0.6], [0.7, 0.8]]))
    figure = limit_curves([curve, Curve("theirs", np.array([10.0]), np.ones((1, 1)), np.ones((1, 1)))])
    reward, cost = figure.axes
    assert {"normalised reward", "normalised cost", "ours", "theirs", "cost limit"} <= set(texts(figure))
    np.testing.assert_allclose(reward.lines[0].get_ydata(), [0.2, 0.3])
    np.testing.assert_allclose(cost.lines[0].get_ydata(), [0.6, 0.7])
    assert any(list(line.get_ydata()) == [1, 1] for line in cost.lines) and cost.get_ylim()[1] > 1


@pytest.mark.parametrize(("highest", "scale"), [(1.5, "linear"), (40.0, "symlog")])
def test_very_large_costs_do_not_hide_small_ones(highest, scale):
    costs = np.array([[0.5, highest]])
    figure = limit_curves([Curve("ours", np.array(LIMITS), np.ones((1, 2)), costs)])
    assert figure.axes[1].get_yscale() == scale and figure.axes[1].get_ylim()[1] >= highest


def test_maps_form_a_grid_of_agents_and_limits():
    path = np.linspace(0, 20, 6)[:, None].repeat(2, axis=1)[None]
    walked, unsafe = Walked(path, "cost 9.0", True), Walked(path, "cost 30.0 ✗", False)
    place = NavigationMap(20.0, (20.0, 20.0), [(3.0, 3.0, 8.0, 8.0)], boxes_called="cost")
    figure = safe_paths([("ours", [walked, unsafe]), ("theirs", [None, walked])], LIMITS, place)
    shown = texts(figure)
    assert {"ours, limit 10", "ours, limit 20", "theirs, limit 20", "cost", "cost 30.0 ✗"} <= set(shown)
    assert "theirs, limit 10" not in shown and [axes.get_visible() for axes in figure.axes] == [True, True, False, True]
    colours = [axes.texts[-1].get_color() for axes in figure.axes[:2]]
    assert colours == [style.MUTED, style.ALERT]
    assert tuple(figure.axes[3].collections[0].get_edgecolor()[0][:3]) == pytest.approx(to_rgb(style.SERIES[1]))


def test_studies_join_numbers_only():
    by_limit = [Scored(limit, np.ones(3), np.zeros(3), np.array([0.5, 1.0, 2.0]), np.full(3, 0.1)) for limit in LIMITS]
    named = safe_study(["both", "desirable", "undesirable"], by_limit, None, "sides")
    assert {"both", "undesirable", "sides", "limit 10", "limit 20"} <= set(texts(named))
    assert named.axes[0].lines[0].get_linestyle() == "None"
    numbered = safe_study(["0.25", "0.5", "1"], by_limit, np.array([0.25, 0.5, 1]), "segment ratio")
    assert numbered.axes[0].lines[0].get_linestyle() == "-"
    assert numbered.axes[0].get_xticks().tolist() == [0.25, 0.5, 1]
