"""Every picture is drawn from small data and shows what it was given."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from stages.evaluation.statistics import Interval
from stages.plotting import style
from stages.plotting.ablation import Variant, ablation
from stages.plotting.behaviours import Behaviour, behaviours
from stages.plotting.cluster_card import Cluster, Frequencies, Profile, cluster_card
from stages.plotting.clustering_cost import Panel, clustering_cost
from stages.plotting.em_progress import em_progress
from stages.plotting.gridworld_map import Visits, draw_visits
from stages.plotting.heat_maps import HeatMap, heat_maps
from stages.plotting.improvement_epochs import improvement_epochs
from stages.plotting.k_sensitivity import Series, k_sensitivity
from stages.plotting.latent_lines import LatentLine, latent_lines
from stages.plotting.learning_curves import learning_curves
from stages.plotting.merge_trace import Trace, merge_trace
from stages.plotting.navigation_map import NavigationMap
from stages.plotting.score_intervals import Score, score_intervals
from stages.plotting.trajectories import Rollouts, trajectories

PLACE = NavigationMap(30.0, (30.0, 30.0), [(15.0, 0.0, 30.0, 10.0)], [[(0.0, 30.0), (10.0, 30.0)]])
PATHS = np.full((3, 16, 2), np.nan)
PATHS[:, :12] = np.array([[3 * x, 0] for x in range(6)] + [[15, 4 * y] for y in range(6)])


def texts(figure) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", style.to_svg(figure, "picture"))


def test_trajectories_are_coloured_by_choice():
    choices = np.repeat([[0, 1]], 3, axis=0).repeat(8, axis=1)
    figure = trajectories(
        [Rollouts("ours", "return −1", PATHS, choices), Rollouts("theirs", "", PATHS, choices * 0 - 1)], PLACE
    )
    assert {"ours", "theirs", "penalty", "return −1"} <= set(texts(figure))
    shades = [{tuple(lines.get_edgecolor()[0][:3].round(2)) for lines in axes.collections} for axes in figure.axes]
    wanted = [{tuple(np.round(to_rgb(colour), 2)) for colour in chosen} for chosen in (style.SERIES[:2], [style.MUTED])]
    assert shades == wanted


def test_behaviours_show_numbered_subgoals():
    assert {"first", "1", "2"} <= set(texts(behaviours([Behaviour("first", "12 steps", PATHS)], PLACE)))


def test_scores_and_references_are_named():
    scores = [
        Score("ours", np.array([-380.0, -376, -378]), Interval(-378.0, -380.0, -376.0)),
        Score("one", np.array([-700.0]), Interval(-700.0, -700.0, -700.0)),
    ]
    shown = texts(score_intervals(scores, {"best stitching": -375.0, "behaviour 0": -845.0}, "return"))
    assert {"ours", "one", "best stitching −375", "behaviour 0 −845", "return", "−378.0"} <= set(shown)


def test_references_lie_inside_the_picture():
    figure = score_intervals([Score("ours", np.array([1.0, 2]), Interval(1.5, 1.0, 2.0))], {"far": 50.0}, "return")
    low, high = figure.axes[0].get_xlim()
    assert low < 1 and high > 50


def test_failed_seeds_are_named():
    likelihood = np.linspace(0, 1, 10)[:, None] + np.zeros(3)
    agreement = np.linspace(0.5, 1, 10)[:, None] * np.ones(3)
    agreement[:, 1] = 0.5
    assert "seed 8" in texts(em_progress(likelihood, agreement, [7, 8, 9], "Rand index", "likelihood"))
    alike = agreement[:, [0, 0, 0]]
    assert "seed 8" not in texts(em_progress(likelihood, alike, [7, 8, 9], "Rand index", "likelihood"))


def test_progress_without_true_labels_and_with_an_early_stop():
    likelihood = np.linspace(0, 1, 10)[:, None] + np.zeros(2)
    likelihood[6:, 0] = np.nan
    figure = em_progress(likelihood, np.zeros((0, 2)), [0, 1], "Rand index", "minus the distance")
    assert len(figure.axes) == 1 and {"2 seeds", "minus the distance"} <= set(texts(figure))


def test_progress_of_labels_and_score_may_differ_in_length():
    figure = em_progress(np.full((0, 2), np.nan), np.full((4, 2), 0.7), [0, 1], "Rand index", "score")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["Rand index"]


def test_one_panel_per_loss():
    steps = np.arange(1000)
    figure = learning_curves({"policy": (steps, np.ones((1000, 2))), "classifier": (steps, np.ones((1000, 2)))})
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["policy", "classifier"]
    assert len(figure.axes[0].lines[0].get_xdata()) <= 160


def test_curves_are_named_at_their_end():
    points = [(10, Interval(2.0, 1.0, 3.0)), (1, Interval(1.0, 0.0, 2.0))]
    figure = improvement_epochs({"full batch": points, "mini-batch": points}, "return")
    assert {"full batch", "mini-batch"} <= set(texts(figure))
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), [1, 10])


def test_ablation_shows_the_published_mean():
    figure = ablation([Variant("plain", np.array([50.0, 70]), 60.0), Variant("all", np.array([100.0, 100]))])
    assert {"plain", "all"} <= set(texts(figure)) and len(figure.axes[0].lines) == 5


PROFILE = Profile(["a0", "a1"], np.zeros(2), -np.ones(2), np.ones(2))
FREQUENCIES = Frequencies(["left", "right"], np.array([0.2, 0.8]), np.array([0.5, 0.5]))
VISITS = Visits(np.arange(4 * 4 * 5).reshape(4, 4, 5))


@pytest.mark.parametrize("actions", [PROFILE, FREQUENCIES])
@pytest.mark.parametrize(("place", "states", "panels"), [(PLACE, None, 4), (None, PROFILE, 4), (None, VISITS, 5)])
def test_a_card_shows_states_and_actions_of_either_kind(actions, place, states, panels):
    random = np.random.default_rng(0)
    cluster = Cluster(1, random.normal(size=5), random.integers(10, 20, 5), actions, states, PATHS)
    figure = cluster_card(cluster, random.normal(size=20), random.integers(10, 20, 20), place)
    assert len(figure.axes) == panels
    assert ("left" in texts(figure)) == (actions is FREQUENCIES)


def test_cells_show_their_usual_action():
    counts = np.zeros((4, 4, 5), dtype=np.int64)
    counts[1, 1, 3], counts[1, 1, 0], counts[2, 1, 1] = 5, 2, 5
    with style.styled():
        _, (axes,) = style.panels(1, 1, 2.0, 2.0)
        draw_visits(axes, Visits(counts), style.SERIES[0])
    assert [text.get_text() for text in axes.texts] == ["→", "↓"]
    assert len(axes.patches) == 1 + 2


def test_heat_maps_number_their_cells():
    values = np.array([[0.5, np.nan], [0.002, np.inf]])
    shown = texts(heat_maps([HeatMap("shares", values, ["r0", "r1"], ["c0", "c1"], 1.0, percent=True)]))
    assert {"shares", "r0", "c1", "50", "&lt;1", "∞"} <= set(shown)
    large = np.ones((12, 12))
    assert "1.00" not in texts(heat_maps([HeatMap("large", large, ["r"] * 12, ["c"] * 12)]))


def test_heat_maps_have_another_colour_below_zero():
    figure = heat_maps([HeatMap("changes", np.array([[-350.0, 7.0, -0.2]]), ["r"], ["a", "b", "c"], digits=0)])
    assert {"−350", "7", "0"} <= set(texts(figure))
    shades = [to_rgb(patch.get_facecolor()) for patch in figure.axes[0].patches]
    assert shades.count(to_rgb(style.SERIES[1])) == 2 and shades.count(to_rgb(style.SERIES[0])) == 1


def test_lines_between_levels_stand_beside_the_levels_returns():
    line = LatentLine("low – expert", np.array([0, 0.5, 1]), np.array([[1.0, 2, 3], [1, 1, 5]]))
    figure = latent_lines({"told VTE": [line]}, {"low": 1.0, "expert": 4.0})
    assert {"told VTE", "low", "expert", "low – expert", "the level’s episodes"} <= set(texts(figure))
    assert figure.axes[0].lines[2].get_ydata().tolist() == [1, 1.5, 4]


def test_the_trace_of_merges_marks_what_was_chosen():
    number = np.array([[4.0, 3, 2, 1], [3, 2, 1, np.nan]])
    figure = merge_trace([Trace("method", number, -((number - 2) ** 2), np.array([2, 2]))], 3)
    dots = [line.get_xdata().tolist() for line in figure.axes[0].lines if line.get_marker() == "o"]
    assert dots == [[2.0], [2.0]] and {"method", "true 3"} <= set(texts(figure))


def test_long_traces_are_shown_where_they_are_decided():
    number = np.arange(90.0, 0, -1)[None]
    figure = merge_trace([Trace("method", number, -np.abs(number - 4), np.array([4]))], None)
    assert figure.axes[0].lines[0].get_xdata().tolist() == list(range(12, 0, -1))


def test_sensitivity_to_k_breaks_its_scale_at_a_wide_gap():
    def series(*mean):
        return Series("title", [2, 3], np.array(mean), np.full(2, np.nan))

    together = k_sensitivity({"best": series(0.95, 0.9)}, {"best": series(0.8, 0.9)}, (0.92, 0.94), 2)
    apart = k_sensitivity({"best": series(0.95, 0.9)}, {"dec": series(0.1, 0.0)}, None, None)
    assert len(together.axes) == 2 and len(apart.axes) == 4
    assert together.axes[0].lines[0].get_color() == together.axes[1].lines[0].get_color()


def test_costs_have_a_colour_per_method():
    lines = {"one": [(1.0, 2.0), (10.0, 20.0)], "two": [(1.0, 3.0), (10.0, 5.0)]}
    figure = clustering_cost(
        [Panel("steps N", "seconds", lines), Panel("clusters K", "seconds", {"two": lines["two"]})]
    )
    assert figure.axes[1].lines[0].get_color() == style.SERIES[1]
    assert {"one", "two", "steps N"} <= set(texts(figure))
