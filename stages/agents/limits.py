"""Cost limits of agents: what an episode's undiscounted sum of costs may be at most."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.agents.contract import Conditions
from stages.errors import UserError


def limits_of(conditions: Conditions) -> Float[Tensor, "agents"]:
    """The limits that agents are told, for policies that need one.

    Raises:
        UserError: They are told none.
    """
    if conditions.limits is None:
        raise UserError(
            "these policies act under cost limits, none were given",
            place="--policy",
            remedy="Evaluate them by stages.evaluate_safe",
        )
    return conditions.limits


def place_of_limit(limits: Float[Tensor, "agents"], trained: Sequence[float]) -> Int[Tensor, "agents"]:
    """Where each agent's limit stands among those that were trained for.

    Raises:
        UserError: One of them was not trained for.
    """
    same = limits[:, None] == torch.tensor(trained)
    if not same.any(1).all():
        cause = f"no policy was trained for the cost limit {float(limits[~same.any(1)][0]):g}"
        listed = ", ".join(f"{limit:g}" for limit in trained)
        raise UserError(cause, place="cost_limits", remedy=f"Choose among {listed}, or train for it")
    return same.int().argmax(1)
