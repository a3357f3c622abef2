"""Most networks can be told from linear policies by the first few episodes, at a fraction of what all of them cost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Int

from stages.clustering.conjugate.linearity import DECISIVE
from stages.clustering.conjugate.mixed import MixedPolicies
from stages.datasets.episodes import EpisodeDataset

FIRST_LOOK, CLEARLY = 16, 1.5 * DECISIVE  # episodes that may say that policies are not linear, and how clearly


def unless_clearly_nonlinear(
    dataset: EpisodeDataset, draws: Callable[[], np.random.Generator], order: Int[np.ndarray, "chosen"]
) -> MixedPolicies | None:
    """Linear policies of the episodes named in `order`; None where the first of them say clearly that they are not.

    Args:
        dataset: Episodes with continuous actions.
        draws: Makes the generator of the features that noise depends on.
        order: Numbers of the episodes to estimate from, in random order.
    """
    if len(order) >= 2 * FIRST_LOOK:
        first = MixedPolicies(dataset, draws(), np.sort(order[:FIRST_LOOK]))
        if first.nonlinear(enough=CLEARLY) > CLEARLY:
            return None
    return MixedPolicies(dataset, draws(), np.sort(order))
