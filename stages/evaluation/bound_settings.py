"""Settings of the bound, see `stages.evaluation.stitching_bound`."""

from __future__ import annotations

from pydantic import Field

from stages.settings import Settings


class BoundSettings(Settings):
    """How the state space is cut and how much data an option needs."""

    cell_size: float = Field(0.5, gt=0, description="side of a cell, in units of the observation")
    min_visits: int = Field(10, ge=1, description="recorded steps a behaviour needs in a cell to be an option there")
    folds: int = Field(
        5, ge=2, description="folds of episodes; options are chosen on all but one and valued on that one"
    )
    max_dimensions: int = Field(3, ge=1, description="observations with more numbers are not cut into cells")
