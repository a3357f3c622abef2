"""Settings of rollouts, see `returns`, `safe_returns` and `latent_studies` beside this file."""

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


class LatentStudySettings(Settings):
    """Where latents are looked into, and how often."""

    points: int = Field(5, ge=2, description="points of a line between two levels, its ends among them")
    offsets: tuple[float, ...] = Field(
        (-2.0, -1.0, 1.0, 2.0), description="standard deviations of the training episodes that a dimension is moved by"
    )
    around: str | None = Field(
        None, description="the level beside whose mean dimensions are moved; null: the middle one by its returns"
    )
    rollouts: int = Field(2, ge=1, description="rollouts per seed and point")
    states: int = Field(500, ge=1, description="recorded states at which actions are compared")
