"""Settings of the critics, see `stages.empo.critics`."""

from __future__ import annotations

from pydantic import Field

from stages.settings import Settings, Widths


class CriticSettings(Settings):
    """Training of Q and V; defaults are Table 4's column for the navigation task."""

    discount: float = Field(0.999, ge=0, le=1, description="discount factor gamma")
    q_steps: int = Field(200_000, ge=0, description="SARSA steps N_Q")
    value_epochs: int = Field(10, ge=0, description="epochs of the value regression N_V")
    n_step: int = Field(1, ge=1, description="rewards summed before SARSA bootstraps; the paper uses 1")
    continue_truncated: bool = Field(False, description="returns cut by truncation go on with V; the paper: they end")
    target_every: int = Field(2, ge=1, description="steps between target updates n_Q")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau_Q")
    hidden_sizes: Widths = Field((64, 64, 64), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")
