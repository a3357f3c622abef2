"""Settings of estimated returns, see `stages.evaluation.return_estimates`."""

from __future__ import annotations

from pydantic import Field

from stages.settings import Settings, Widths


class FittedQSettings(Settings):
    """Fitted Q evaluation."""

    discount: float = Field(0.99, ge=0, lt=1, description="discount factor gamma")
    num_steps: int = Field(100_000, ge=0, description="gradient steps")
    num_networks: int = Field(2, ge=1, description="networks of each seed, whose values are averaged")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


class CloningSettings(Settings):
    """The Gaussian policy that stands for the behaviour where there are no clusters."""

    num_steps: int = Field(20_000, ge=0, description="gradient steps")
    hidden_sizes: Widths = Field((256, 256), description="hidden layer widths")
    batch_size: int = Field(256, ge=1, description="rows per gradient step")
    learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size")


class EstimateSettings(FittedQSettings):
    """How returns of agents are estimated without an environment."""

    sample_actions: bool = Field(
        False, description="of policies that sample, with a doubly robust estimate; false: of their mean actions"
    )
    num_samples: int = Field(4, ge=1, description="actions at each state where they are sampled")
    in_distribution_ratio: float | None = Field(
        5.0,
        ge=1,
        description="b of ID(s), as in `evaluate`: clusters at least 1/b as likely as the likeliest; null: all",
    )
    horizon: int | None = Field(
        None, ge=1, description="steps of a whole episode; null: the longest of the data, if it was cut off there"
    )
    cloning: CloningSettings = Field(
        CloningSettings(), description="the behaviour that doubly robust estimates assume where there are no clusters"
    )
