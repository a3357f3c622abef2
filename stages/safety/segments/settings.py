"""Settings of labelled segments, see `stages.safety.segments.partition`."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.settings import CostLimit, Settings

Sampling = Literal["random", "even", "covering"]


class PartitionSettings(Settings):
    """How the data are cut and labelled."""

    cost_limits: tuple[CostLimit, ...] | None = Field(
        None, min_length=1, description="costs allowed per episode; null: the benchmark's for the task"
    )
    labels_by: Literal["segment", "episode"] = Field(
        "episode", description="whose return and cost decide: the segment's own, or those of its episode"
    )
    segment_ratio: float = Field(0.1, gt=0, le=1, description="segment length over that of the longest episode")
    segment_length: int | None = Field(None, ge=1, description="steps per segment; null: by segment_ratio")
    sampling: Sampling = Field(
        "even", description="every stride-th start (covering: with edges repeated), or at random"
    )
    stride: int = Field(6, ge=1, description="possible starts per segment")
    most_segments: int = Field(1_000_000, ge=1, description="largest number of segments")
    desirable_share: float = Field(0.5, gt=0, le=1, description="x: share of the safe, by return, that is desirable")
    undesirable_share: float = Field(0.5, ge=0, le=1, description="y: share of the safe that is undesirable")
    least_weight: float = Field(0.7, ge=0, le=1, description="kappa: weight of the least telling safe segment")
    seed: int = Field(0, ge=0, description="seed of random starts and of ties")
