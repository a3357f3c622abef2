"""Which rollouts took a worse route than the best stitching, told from what every rollout stores.

Where each step costs 1 and some places cost more (navigation), a rollout's extra cost is what its return has beyond its
length: ``extra = - return - (length - terminated)``, the terminating step being free. A rollout took a worse route if

    it did not reach the goal,  or
    its return lies more than 10 % below the best stitching's,  or
    its extra cost exceeds that of the best stitching's route by more than 10 % of that route's length.

The last clause finds detours through a penalty box that are too fast to show in the return alone. A policy quicker than
the behaviours is allowed up to the full 10 % and more of detour by the second clause; on the paper's map the next best
routes are 25 % (through the penalty) and 50 % (around it) longer, so they are told apart at any speed up to that.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

TOLERANCE = 0.1


def worse_route(
    returns: Float[np.ndarray, "*rollouts"],
    lengths: Int[np.ndarray, "*rollouts"],
    terminated: Bool[np.ndarray, "*rollouts"],
    bound: dict[str, Any],
) -> Bool[np.ndarray, "*rollouts"]:
    """Whether each rollout took a worse route.

    Args:
        returns: Undiscounted returns.
        lengths: Steps of each rollout.
        terminated: Whether the goal was reached.
        bound: ``value`` and ``steps`` of the best stitching, see `stages.evaluation.stitching_bound`.
    """
    best_extra = extra_cost(np.array(bound["value"]), np.array(bound["steps"]), np.array(True))
    too_low = returns < bound["value"] - TOLERANCE * abs(bound["value"])
    penalised = extra_cost(returns, lengths, terminated) > best_extra + TOLERANCE * bound["steps"]
    return np.asarray(~terminated | too_low | penalised)


def extra_cost(returns: np.ndarray, lengths: np.ndarray, terminated: np.ndarray) -> Float[np.ndarray, "*rollouts"]:
    """Cost beyond 1 per step (0 for a terminating step): steps in penalty boxes, on navigation."""
    return np.asarray(-returns - (lengths - terminated), dtype=np.float64)


def applies(rewards: Float[np.ndarray, "steps"], terminations: Bool[np.ndarray, "steps"]) -> bool:
    """Whether a dataset's rewards are of this kind: at most -1 at every step but those that end at the goal."""
    return bool((rewards[~terminations] <= -1).all() and (rewards[terminations] <= 0).all())
