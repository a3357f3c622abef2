"""Return relabelling: episodes told to lead to more than they do, so that impossible wishes are answered safely.

In a rollout the wished-for pair of return and cost may become impossible: the budget is nearly spent, the return still
far. What a sequence model does then is open, unless it was trained for it. So pairs above the frontier are drawn, each
with an episode that stays within the pair's cost and comes close to the best return possible there, and that episode
is trained on once more under the pair's name: the wish for safety prevails over that for return.

    cost c evenly between the cheapest and the dearest episode,  return R uniform in [RF(c), R_max + margin]
    episode: any with cost at most c and return at least RF(c) - slack

RF is the frontier.

Source:     Liu et al.: Constrained Decision Transformer for Offline Safe RL, ICML 2023 (data augmentation by return
            relabelling), and the authors' OSRL.
Deviations: in OSRL the frontier is a polynomial, and its degree, R_max and the slack are set by hand for every task;
            here it is the staircase of the data, and margin and slack are shares of the range of returns. OSRL takes
            the nearest episode the first time and draws later ones by distance; here all that fit are equally likely.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.safety.outcomes.frontier import Frontier

MARGIN = 0.05  # above the largest return
SLACK = 0.1  # below the frontier


@dataclass(frozen=True)
class Labelled:
    """Episodes to train on, with what is added to their returns-to-go and costs-to-go."""

    episodes: Int[np.ndarray, "labelled"]
    return_shifts: Float[np.ndarray, "labelled"]
    cost_shifts: Float[np.ndarray, "labelled"]


def relabelled(dataset: EpisodeDataset, share: float, generator: np.random.Generator) -> Labelled:
    """All episodes as they are, then `share` times as many under names above the frontier.

    Args:
        dataset: Has costs.
        share: Relabelled episodes per episode.
        generator: Draws the pairs.
    """
    costs, returns = dataset.episode_costs, dataset.episode_returns
    assert costs is not None
    count = int(share * len(returns))
    allowed = np.linspace(costs.min(), costs.max(), count)
    best = Frontier.of(costs, returns).at(allowed)
    span = returns.max() - returns.min()
    wished = generator.uniform(best, returns.max() + MARGIN * span)
    fits = (costs <= allowed[:, None]) & (returns >= best[:, None] - SLACK * span)
    chosen = np.array([generator.choice(np.flatnonzero(fitting)) for fitting in fits], dtype=np.int64)
    unchanged = np.zeros(len(returns))
    return Labelled(
        np.concatenate([np.arange(len(returns)), chosen]),
        np.concatenate([unchanged, wished - returns[chosen]]),
        np.concatenate([unchanged, allowed - costs[chosen]]),
    )
