"""The look shared by all pictures, and how a figure becomes text that is the same on every run.

Colours are chosen to be told apart by colour-blind readers (Okabe and Ito's set) and stand for the same thing
everywhere: series colour z is cluster or behaviour z. In the report, colours become CSS variables, so that pictures
follow the reader's light or dark scheme.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

INK, MUTED, RULE, SHADE, PAPER = "#1f2430", "#636b78", "#d9dde3", "#eceff3", "#fffffe"
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#b58900", "#56b4e9", "#7d6bb0", "#8c564b")
ALERT = "#c8281e"
NAMES = {INK: "ink", MUTED: "muted", RULE: "rule", SHADE: "shade", PAPER: "paper", ALERT: "alert"}
NAMES |= {colour: f"series-{index}" for index, colour in enumerate(SERIES)}

SETTINGS: Any = {
    "svg.hashsalt": "unmix",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 9,
    "axes.labelcolor": MUTED,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "legend.frameon": False,
}


@contextmanager
def styled() -> Iterator[None]:
    """Everything drawn and written inside has the shared look."""
    with matplotlib.rc_context(SETTINGS):
        yield


def colour(index: int) -> str:
    """Colour of cluster or behaviour `index`; beyond the palette's end colours repeat."""
    return SERIES[index % len(SERIES)]


def number(value: float, digits: int = 0) -> str:
    """A number as print sets it: separated thousands and a true minus sign."""
    return f"{value:,.{digits}f}".replace("-", "\N{MINUS SIGN}")


def panels(number: int, columns: int, width: float, height: float) -> tuple[Figure, list[Axes]]:
    """A figure of `number` equal panels, row by row, each of `width` x `height` inches."""
    columns = max(1, min(columns, number))
    rows = -(-number // columns)
    layout = ConstrainedLayoutEngine(h_pad=0.08, w_pad=0.07, hspace=0.06)
    figure = Figure(figsize=(columns * width, rows * height), layout=layout)
    grid = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in grid[number:]:
        axes.set_visible(False)
    return figure, list(grid[:number])


def to_svg(figure: Figure, name: str) -> str:
    """The figure as SVG text for a page: no date, no random ids, short numbers, colours as CSS variables.

    Args:
        figure: What to draw; made inside `styled`.
        name: Unique within the page; goes in front of every id.
    """
    buffer = io.StringIO()
    with styled():
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", _shortened, _without_idle_parts(text))
    text = re.sub(r'(\bid="|url\(#|xlink:href="#)', rf"\g<1>{name}-", text)
    return re.sub(r'(<svg [^>]*?)height="[^"]*"( [^>]*?)width="[\d.]+pt"', r'\1\2 width="100%"', text, count=1)


def _without_idle_parts(text: str) -> str:
    """Without ids that nothing refers to (the figure's own stays), empty groups and the space between tags."""
    used = {name for pair in re.findall(r'url\(#([^)]*)\)|href="#([^"]*)"', text) for name in pair} | {"figure_1"}
    text = re.sub(r' id="([^"]*)"', lambda found: found.group() if found.group(1) in used else "", text)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r">\s+<", "><", text)
    return re.sub(r"<g>(<(?:path|use)[^>]*/>)</g>", r"\1", text)


def _shortened(tag: re.Match[str]) -> str:
    """A tag with coordinates to 1/100 point and colours as variables; what is written between tags stays as it is."""
    short = re.sub(r"-?\d+\.\d{3,}", lambda found: f"{float(found.group()):.2f}".rstrip("0").rstrip("."), tag.group())
    short = re.sub(r"\s+", " ", short)
    return re.sub(r"#[0-9a-f]{6}\b", _variable, short)


def _variable(match: re.Match[str]) -> str:
    name = NAMES.get(match.group())
    return f"var(--{name}, {match.group()})" if name else match.group()
