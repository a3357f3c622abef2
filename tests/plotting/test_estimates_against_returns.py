import re

import numpy as np

from stages.plotting import style
from stages.plotting.estimates_against_returns import estimates_against_returns


def test_every_agent_has_its_dots_and_its_name():
    points = {f"agent {i}": np.full((3, 2), float(i)) for i in range(10)}
    figure = estimates_against_returns(points, "estimate")
    (axes,) = figure.axes
    assert [len(line.get_xdata()) for line in axes.lines] == [3] * 10
    looks = {(line.get_color(), line.get_marker()) for line in axes.lines}
    assert len(looks) == 10
    shown = re.findall(r"<text[^>]*>([^<]*)</text>", style.to_svg(figure, "picture"))
    assert {"estimate", "return of rollouts", *points} <= set(shown)
