"""Settings of the high-level policy, see `stages.empo.high_level` and `stages.empo.home_cluster`."""

from __future__ import annotations

from pydantic import Field

from stages.settings import Settings, Widths


class HomeSettings(Settings):
    """When to leave the best cluster."""

    folds: int = Field(4, ge=2, description="parts of the episodes, each left out by one of the value networks")
    confidence: float = Field(0.95, gt=0.5, lt=1, description="one-sided, that another cluster is better at a state")
    value_epochs: int = Field(20, ge=0, description="epochs of the value regression")


class HighLevelSettings(Settings):
    """Implicit Q-learning over clusters; defaults are Table 4's column for the navigation task."""

    discount: float = Field(0.999, ge=0, le=1, description="discount factor gamma")
    num_steps: int = Field(1_000_000, ge=0, description="gradient steps N_H")
    n_step: int = Field(3, ge=1, description="rewards summed before bootstrapping")
    expectile: float = Field(0.9, gt=0, lt=1, description="expectile tau of the value regression")
    target_every: int = Field(500, ge=1, description="steps between copies to the target network n_H")
    hidden_sizes: Widths = Field((64, 64, 64), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")
    home: HomeSettings | None = Field(
        None, description="for small data: stay with the best cluster unless another is clearly better; null: never so"
    )
