"""Every picture is drawn from small data and shows what it was given."""

import re

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from stages.evaluation.statistics import Interval
from stages.plotting import style
from stages.plotting.ablation import Variant, ablation
from stages.plotting.behaviours import Behaviour, behaviours
from stages.plotting.cluster_card import Cluster, cluster_card
from stages.plotting.em_progress import em_progress
from stages.plotting.improvement_epochs import improvement_epochs
from stages.plotting.learning_curves import learning_curves
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
    shades = [{tuple(one.get_edgecolor()[0][:3].round(2)) for one in axes.collections} for axes in figure.axes]
    wanted = [{tuple(np.round(to_rgb(one), 2)) for one in chosen} for chosen in (style.SERIES[:2], [style.MUTED])]
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
    assert "seed 8" in texts(em_progress(likelihood, agreement, [7, 8, 9], "Rand index"))
    assert "seed 8" not in texts(em_progress(likelihood, agreement[:, [0, 0, 0]], [7, 8, 9], "Rand index"))


def test_progress_without_true_labels_and_with_an_early_stop():
    likelihood = np.linspace(0, 1, 10)[:, None] + np.zeros(2)
    likelihood[6:, 0] = np.nan
    figure = em_progress(likelihood, np.full((10, 2), np.nan), [0, 1], "Rand index")
    assert len(figure.axes) == 1 and "2 seeds" in texts(figure)


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


@pytest.mark.parametrize("place", [PLACE, None])
def test_card_with_and_without_map(place):
    random = np.random.default_rng(0)
    cluster = Cluster(1, random.normal(size=5), random.integers(10, 20, 5), np.zeros(2), np.ones(2), PATHS)
    figure = cluster_card(cluster, random.normal(size=20), random.integers(10, 20, 20), place)
    assert len(figure.axes) == (4 if place else 3)
