"""D4RL's normalised score: 0 for a random policy, 100 for an expert, as their tables print it.

    score = 100 (return - random) / (expert - random)

Source: Fu et al., D4RL, 2020; constants of the d4rl package (``infos.py``), the same for dataset versions v0 to v2.
Hopper's random return is negative there although random policies reach about +18, so those score a little above 0.
"""

from __future__ import annotations

import re

import numpy as np

REFERENCE_RETURNS: dict[str, tuple[float, float]] = {
    "halfcheetah": (-280.178953, 12135.0),
    "hopper": (-20.272305, 3234.3),
    "walker2d": (1.629008, 4592.3),
    "ant": (-325.6, 3879.7),
    "antmaze": (0.0, 1.0),
    "maze2d-umaze": (23.85, 161.86),
    "maze2d-medium": (13.13, 277.39),
    "maze2d-large": (6.7, 273.99),
    "maze2d-open": (0.01, 20.66),
    "maze2d-umaze-dense": (68.537689, 193.66285642),
    "maze2d-medium-dense": (44.264742, 297.45525478),
    "maze2d-large-dense": (30.569041, 303.48573827),
    "maze2d-open-dense": (11.17817, 27.1665386),
    "pen": (96.262799, 3076.8331017826877),
    "hammer": (-274.856578, 12794.134825156867),
    "relocate": (-6.425911, 4233.877797728884),
    "door": (-56.512833, 2880.5693087298737),
    "kitchen": (0.0, 4.0),
}


def reference_returns(environment: str) -> tuple[float, float] | None:
    """Mean returns of D4RL's random and expert policies, None if unknown.

    Args:
        environment: Id such as ``Hopper-v4`` or ``maze2d-large-dense-v1``; versions share their constants.
    """
    name = re.sub(r"-v\d+$", "", environment.lower())
    return REFERENCE_RETURNS.get(name, REFERENCE_RETURNS.get(name.partition("-")[0]))


def normalised_score(returns: np.ndarray, environment: str) -> np.ndarray | None:
    """D4RL score of each return, in percent; None for an environment that D4RL has no constants for."""
    reference = reference_returns(environment)
    if reference is None:
        return None
    random, expert = reference
    return np.asarray(100 * (returns - random) / (expert - random))
