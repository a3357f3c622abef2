"""What the report shows as a picture."""

from __future__ import annotations

from dataclasses import dataclass

from matplotlib.figure import Figure

from stages.plotting import style


@dataclass(frozen=True)
class Picture:
    """SVG text, what it shows in words for readers who cannot see it, and the width it needs in pixels."""

    svg: str
    alt: str
    width: int


def picture(figure: Figure, name: str, alt: str) -> Picture:
    """A figure ready for the page; `name` is unique there."""
    return Picture(style.to_svg(figure, name), alt, round(figure.get_figwidth() * 100))
