"""Base class of everything that can be set: strict, immutable, and refusing unknown keys."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Settings(BaseModel):
    """A block of settings. Unknown keys are refused, values are checked against declared types and ranges."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, protected_namespaces=())
