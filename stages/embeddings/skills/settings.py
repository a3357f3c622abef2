"""Settings of LOVE, see `stages.embeddings.love`."""

from __future__ import annotations

from pydantic import Field

from stages.embeddings.split import SplitSettings


class LoveSettings(SplitSettings):
    """Skills and their boundaries."""

    num_skills: int = Field(10, ge=1, description="codes; too many do no harm")
    width: int = Field(64, ge=1, description="hidden layers, recurrent states and codes")
    abstraction: int = Field(8, ge=1, description="numbers that an action is decoded from")
    window: int = Field(100, ge=2, description="longest stretch of an episode per gradient step, in steps")
    batch_windows: int = Field(16, ge=1, description="windows per gradient step")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size")
    clip_norm: float = Field(10.0, gt=0, description="largest norm of a gradient")
    pretrain_steps: int = Field(500, ge=0, description="gradient steps with continuous skills, at first")
    train_steps: int = Field(500, ge=1, description="gradient steps with codes, without regard to their length")
    compress_steps: int = Field(1000, ge=0, description="further steps that shorten the code; 0: as the first left it")
    slack: float = Field(0.05, ge=0, description="reconstruction that may be given up for a shorter code, as a share")
    first_price: float = Field(1.0, ge=0, description="price of a nat per step at first, in units of the bound")
    price_step: float = Field(0.02, ge=0, description="relative change of the price per step")
    most_price: float = Field(20.0, ge=0, description="largest price, in units of the bound; 0: no compression")
    code_draws: int = Field(3, ge=1, description="draws of boundaries that the code's length is averaged over")
    least_length: int = Field(3, ge=1, description="steps that a skill lasts at least")
