"""What safe methods need of the episodes' costs, refused before any training starts."""

from __future__ import annotations

from collections.abc import Sequence

from stages.datasets.episodes import EpisodeDataset
from stages.datasets.requirements import require
from stages.errors import UserError


def require_safe_and_unsafe(
    dataset: EpisodeDataset, limits: Sequence[float], *, safe: bool = True, unsafe: bool = True, place: str = ""
) -> None:
    """Stop if the dataset lacks costs, or episodes that keep to a limit, or episodes that break it.

    Args:
        dataset: What is to be trained on.
        limits: Costs that an episode may sum to.
        safe: Whether episodes within each limit are needed.
        unsafe: Whether episodes beyond each limit are needed.
        place: The dataset's file, for the message.

    Raises:
        UserError: The dataset lacks something.
    """
    require(dataset, costs=True, place=place)
    costs = dataset.episode_costs
    assert costs is not None
    for limit in limits:
        if limit < 0:
            raise UserError(f"the cost limit {limit:g} is negative", place="cost_limits", remedy="Use 0 or more")
        if safe and (costs > limit).all():
            cause = f"no episode is safe under the cost limit {limit:g}, the cheapest costs {costs.min():g}"
            raise UserError(cause, place=place, remedy=f"Raise the limit to at least {costs.min():g}")
        if unsafe and (costs <= limit).all():
            cause = f"no episode is unsafe under the cost limit {limit:g}, the dearest costs {costs.max():g}"
            raise UserError(cause, place=place, remedy=f"Lower the limit below {costs.max():g}, or use bc_all")
