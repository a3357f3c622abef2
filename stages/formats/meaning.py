"""What a file cannot say itself, and its user can: what whole numbers mean, and which columns count."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.settings import Settings


class Meaning(Settings):
    """How the arrays of a file are meant; the defaults take them as they are stored."""

    actions: Literal["choices", "continuous"] | None = Field(
        None, description="whole-number actions: choices among some, or amounts (continuous); null: by their type"
    )
    offsets: dict[int, float] = Field(
        {}, description="column of the observations: what to subtract before it becomes float32; 0: as it is"
    )
    leave_out: list[int] = Field([], description="columns of the observations to leave out, such as clocks")


AS_STORED = Meaning()
