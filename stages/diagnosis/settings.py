"""How closely clusters are looked at."""

from __future__ import annotations

from pydantic import Field

from stages.settings import Settings


class DiagnosisSettings(Settings):
    """How much is looked at, and from when on something counts."""

    episodes: int = Field(2000, ge=1, description="episodes looked at, at most, drawn at random")
    steps: int = Field(100_000, ge=1, description="steps looked at, at most (whole episodes, but one in any case)")
    compared_episodes: int = Field(120, ge=1, description="of these, compared pair by pair where actions are vectors")
    compared_steps: int = Field(
        100, ge=1, description="steps of each episode that other episodes' policies are tried on"
    )
    coloured_episodes: int = Field(300, ge=1, description="of these, in the graph that brackets the number of policies")
    surprise: float = Field(1.5, gt=1, description="mean squared error, of what is expected, that makes a conflict")
    self_conflict: float = Field(
        0.05, ge=0, le=1, description="share of episodes in conflict with themselves from which there is no bracket"
    )
    recurrence: float = Field(
        0.5, ge=0, le=1, description="share of steps in states shared with other episodes, for them to be comparable"
    )
    smoothing: float = Field(1.0, gt=0, description="visits credited to every state of a tabular policy")
    features: int = Field(64, ge=0, description="random features of the policies fitted to episodes and clusters")
    folds: int = Field(
        5, ge=2, description="folds of episodes; a cluster's policy is tried on those it was not fitted to"
    )
    dominant: float = Field(0.95, gt=0, le=1, description="share of the episodes at which one cluster is a collapse")
    same_policy: float = Field(0.05, ge=0, description="nats per step below which two policies count as one")
    seed: int = Field(0, ge=0, description="seed of all samples")
