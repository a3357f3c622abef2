"""Settings of the probes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from stages.settings import Settings

Count = Annotated[int, Field(ge=1)]


class ProbeSettings(Settings):
    """How embeddings are probed."""

    beginnings: tuple[Count, ...] = Field((20, 100, 200), description="first steps of episodes that are embedded alone")
    labels: tuple[Count, ...] = Field((1, 5, 10), description="labels per level of the probes with few of them")
    mlp: bool = Field(True, description="also probe by perceptrons")
