"""How training went, in one picture."""

from __future__ import annotations

import numpy as np

from stages.plotting.learning_curves import learning_curves
from stages.reporting.gathering import DatasetResults
from stages.reporting.kit.pictures import Picture, picture
from stages.reporting.run.results import Run

MOST_LOSSES = 16


def losses_picture(results: DatasetResults) -> Picture | None:
    """Losses of everything that was trained; blocks of seeds are joined where they were recorded at the same steps."""
    curves: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for trained in results.of(Run).trained:
        for name, losses in trained.losses.items():
            title = " ".join([*trained.names[-1:], name]).replace("_", " ")
            steps, values = losses.steps, losses.values.reshape(len(losses.steps), -1)
            if title in curves and np.array_equal(curves[title][0], steps):
                curves[title] = (steps, np.hstack([curves[title][1], values]))
            elif len(steps) > 1 and len(curves) < MOST_LOSSES:
                curves.setdefault(title, (steps, values))
    if not curves:
        return None
    alt = "Losses over training steps: " + ", ".join(curves)
    return picture(learning_curves(curves), f"{results.name}-losses", alt)
