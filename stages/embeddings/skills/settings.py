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
    learning_rate: float = Field(
        3.0e-3, gt=0, description="Adam step size; in the last phase it falls from half-way on"
    )
    clip_norm: float = Field(10.0, gt=0, description="largest norm of a gradient")
    pretrain_steps: int = Field(300, ge=0, description="gradient steps with continuous skills and all boundaries")
    train_steps: int = Field(200, ge=1, description="gradient steps with codes and all boundaries")
    boundary_steps: int = Field(100, ge=0, description="gradient steps that learn boundaries alone, at the first price")
    compress_steps: int = Field(1000, ge=1, description="gradient steps that learn everything, under a price")
    slack: float = Field(0.05, ge=0, description="reconstruction that may be given up for a shorter code, as a share")
    first_price: float = Field(0.35, ge=0, description="price of a nat per step at first, of the actions' spread")
    least_price: float = Field(1.0e-3, ge=0, description="smallest price")
    most_price: float = Field(0.35, ge=0, description="largest price; all three 0: no compression")
    price_step: float = Field(0.003, ge=0, description="relative change of the price per step")
    restarts: int = Field(1, ge=1, description="runs of which the one with the least objective is kept")
    code_draws: int = Field(3, ge=1, description="draws of boundaries that the code's length is averaged over")
    least_length: int = Field(3, ge=1, description="steps that a skill lasts at least")
