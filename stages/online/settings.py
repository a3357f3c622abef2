"""Settings of trained behaviours, see `stages.online.behaviours` and `stages.online.ladder`."""

from __future__ import annotations

from typing import Any

from pydantic import Field, field_validator, model_validator

from stages.online import LEARNERS
from stages.settings import Settings

Range = tuple[float, float | None]

LEVELS: dict[str, Range] = {"low": (15.0, 35.0), "medium": (40.0, 65.0), "expert": (90.0, None)}


class LadderSettings(Settings):
    """Which snapshots become behaviours."""

    levels: dict[str, Range] | None = Field(
        LEVELS, min_length=1, description="name: least and largest score, null: the best; no levels: all snapshots"
    )
    episodes: int = Field(100, ge=1, description="episodes that each snapshot is judged by")

    @model_validator(mode="after")
    def _ordered(self) -> LadderSettings:
        levels = self.levels or {}
        if wrong := [name for name, (low, high) in levels.items() if high is not None and high <= low]:
            raise ValueError(f"the range of level {wrong[0]!r} is empty")
        return self


class BehaviourSettings(Settings):
    """A task, how it is learnt, and which snapshots become behaviours."""

    environment: str = Field(description="task to learn, such as Hopper-v4")
    environment_settings: dict[str, Any] = Field({}, description="the environment's settings, where not its defaults")
    seed: int = Field(0, ge=0, description="seed of the training")
    learner: dict[str, Any] = Field({"method": "sac"}, description="`method` and settings of an online learner")
    ladder: LadderSettings = Field(LadderSettings(), description="which snapshots become behaviours")

    @field_validator("learner")
    @classmethod
    def _complete(cls, values: dict[str, Any]) -> dict[str, Any]:
        return LEARNERS.choose(values).values
