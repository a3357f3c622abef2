"""What a dataset shows to be attainable: the largest return among episodes that cost at most so much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from stages.errors import UserError
from stages.safety.limits.episode_choice import unbeaten


@dataclass(frozen=True)
class Frontier:
    """The Pareto-optimal pairs of cost and return of a dataset's episodes, in ascending order.

    The largest return as a function of the cost allowed is a staircase whose steps are the pairs.
    """

    costs: Float[np.ndarray, "pairs"]
    returns: Float[np.ndarray, "pairs"]

    @classmethod
    def of(cls, costs: Float[np.ndarray, "episodes"], returns: Float[np.ndarray, "episodes"]) -> Frontier:
        """The frontier of episodes with these costs and returns."""
        front = np.flatnonzero(unbeaten(costs, returns))
        front = front[np.argsort(costs[front])]
        return cls(costs[front], returns[front])

    def at(self, costs: Float[np.ndarray, "*any"]) -> Float[np.ndarray, "*any"]:
        """The largest return among episodes that cost at most `costs`.

        Raises:
            UserError: No episode is as cheap as that.
        """
        if (costs < self.costs[0]).any():
            cause = f"no episode costs at most {np.min(costs):g}; the cheapest costs {self.costs[0]:g}"
            raise UserError(cause, place="cost_limits", remedy="Raise the limit, or add safe episodes")
        return np.asarray(self.returns[np.searchsorted(self.costs, costs, side="right") - 1])
