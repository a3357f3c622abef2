"""Settings of rollouts, see `stages.evaluation.returns` and `stages.evaluation.safe_returns`."""

from __future__ import annotations

from pydantic import Field

from stages.settings import CostLimit, Settings


class EvaluationSettings(Settings):
    """How agents are evaluated."""

    episodes: int = Field(10, ge=1, description="rollouts per seed")
    sample_actions: bool = Field(False, description="sample from Gaussian policies instead of taking their mean")
    in_distribution_ratio: float | None = Field(
        5.0, ge=1, description="b of ID(s): clusters at least 1/b as likely as the likeliest may be chosen; null: all"
    )
    drawn: int = Field(10, ge=0, description="rollouts per seed whose path is kept for pictures")
    cluster_returns: bool = Field(True, description="also run each cluster's policy alone")


class SafeEvaluationSettings(Settings):
    """How safe agents are evaluated."""

    episodes: int = Field(20, ge=1, description="rollouts per seed and cost limit")
    cost_limits: tuple[CostLimit, ...] | None = Field(
        None, min_length=1, description="limits to act under; null: those trained for"
    )
    drawn: int = Field(5, ge=0, description="rollouts per seed and limit whose path is kept for pictures")
