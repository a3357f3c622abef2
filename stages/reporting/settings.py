"""Settings of the summary and the report, apart from what draws, so that planning does not load it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from stages.settings import Settings


class SummarySettings(Settings):
    """How intervals are computed."""

    resamples: int = Field(10_000, ge=100, description="bootstrap samples of each interval")


class ReportSettings(Settings):
    """What the report says besides the results."""

    title: str = Field("Unmix", description="heading of the page")
    params: dict[str, Any] = Field(
        {}, description="the params of the run: printed, and read for what agents are made of"
    )
    resamples: int = Field(10_000, ge=100, description="bootstrap samples of each interval")

    @property
    def followed(self) -> dict[str, str | None]:
        """By agent, the clustering that it acts by, None where it acts by none."""
        return {agent: recipe.get("clusters") for agent, recipe in self.params.get("agents", {}).items()}
