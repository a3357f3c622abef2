"""Behaviour cloning of the best episodes (10 % BC): what selection by return alone can do.

Objective: ``- log pi(a | s)`` over the episodes whose undiscounted returns are among the largest.
Source:    the baseline "%BC" of Chen et al., Decision Transformer, NeurIPS 2021, Section 5.1.

Deviations: the policy is Gaussian, as in `behaviour_cloning`, where most ports fit a deterministic one.

Of equal returns the earlier episodes are kept.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from pydantic import Field

from stages.algorithms import ALGORITHMS
from stages.algorithms.behaviour_cloning import BehaviourCloning, BehaviourCloningSettings
from stages.algorithms.requirements import require_differing_returns
from stages.settings import Widths
from stages.training.job import Job
from stages.training.rows import Rows


class PercentBcSettings(BehaviourCloningSettings):
    """10 % BC; defaults are the published ones."""

    share: float = Field(0.1, gt=0, le=1, description="share of the episodes that are cloned, at least one")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")


@ALGORITHMS.register("percent_bc", PercentBcSettings)
class PercentBc(BehaviourCloning):
    """Learner of the cloned policy."""

    def __init__(self, job: Job, settings: PercentBcSettings) -> None:
        require_differing_returns(job.dataset, "percent_bc")
        super().__init__(job, settings)
        kept = best_episodes(job.dataset.episode_returns, settings.share)
        steps = np.flatnonzero(np.isin(job.dataset.episode_of_step, kept))
        self.rows = Rows({"observations": job.observations[steps], "actions": job.actions[steps]}, job.device)


def best_episodes(returns: np.ndarray, share: float) -> Int[np.ndarray, "_"]:
    """The episodes with the largest returns, as many as the share says (rounded down, at least 1)."""
    return np.argsort(-returns, kind="stable")[: max(1, int(share * len(returns)))]
