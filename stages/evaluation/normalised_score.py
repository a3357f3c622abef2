"""D4RL's normalised score: 0 for a random policy, 100 for an expert, as their tables print it.

    score = 100 (return - random) / (expert - random)

Source: Fu et al., D4RL, 2020; constants of the d4rl package (``infos.py``), the same for dataset versions v0 to v2.
Hopper's random return is negative there although random policies reach about +18, so those score a little above 0.
"""

from __future__ import annotations

import numpy as np

REFERENCE_RETURNS: dict[str, tuple[float, float]] = {
    "halfcheetah": (-280.178953, 12135.0),
    "hopper": (-20.272305, 3234.3),
    "walker2d": (1.629008, 4592.3),
    "ant": (-325.6, 3879.7),
    "antmaze": (0.0, 1.0),
    "pen": (96.262799, 3076.8331017826877),
    "hammer": (-274.856578, 12794.134825156867),
    "relocate": (-6.425911, 4233.877797728884),
    "door": (-56.512833, 2880.5693087298737),
    "kitchen": (0.0, 4.0),
}


def reference_returns(environment: str) -> tuple[float, float] | None:
    """Mean returns of D4RL's random and expert policies for an id such as ``Hopper-v4``, None if unknown."""
    return REFERENCE_RETURNS.get(environment.partition("-")[0].lower())


def normalised_score(returns: np.ndarray, environment: str) -> np.ndarray | None:
    """D4RL score of each return, in percent; None for an environment that D4RL has no constants for."""
    reference = reference_returns(environment)
    if reference is None:
        return None
    random, expert = reference
    return np.asarray(100 * (returns - random) / (expert - random))
