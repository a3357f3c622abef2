"""Rand index of EM with and without its heuristics: each seed, the mean and the published mean (EMPO, Table 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure

from stages.plotting import style


@dataclass(frozen=True)
class Variant:
    """One combination of heuristics; Rand indices in percent."""

    title: str
    per_seed: Float[np.ndarray, "seeds"]
    published: float | None = None


def ablation(variants: Sequence[Variant]) -> Figure:
    """Variants from top to bottom."""
    with style.styled():
        figure, (axes,) = style.panels(1, 1, width=6.4, height=0.8 + 0.33 * len(variants))
        for row, variant in enumerate(variants):
            spread = np.linspace(-0.17, 0.17, len(variant.per_seed)) if len(variant.per_seed) > 1 else np.zeros(1)
            axes.plot(
                variant.per_seed, row + spread, "o", color=style.MUTED, markersize=4, alpha=0.55, markeredgewidth=0
            )
            axes.plot(
                variant.per_seed.mean(), row, "D", color=style.SERIES[0], markersize=6.5, markeredgecolor=style.PAPER
            )
            if variant.published is not None:
                axes.plot(variant.published, row, "|", color=style.SERIES[1], markersize=15, markeredgewidth=2)
        axes.set(
            yticks=range(len(variants)), yticklabels=[variant.title for variant in variants], xlabel="Rand index (%)"
        )
        axes.set_ylim(len(variants) - 0.4, -0.9)
        low = min(45.0, *(float(variant.per_seed.min()) - 3 for variant in variants))
        axes.set_xlim(low, 102)
        axes.tick_params(axis="y", length=0, labelcolor=style.INK)
        axes.spines["left"].set_visible(False)
        axes.grid(axis="x")
        axes.set_axisbelow(True)
    return figure
