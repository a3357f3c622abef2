"""Episodes that consist of segments with known boundaries, each acted by one of a few skills."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import dataset_of


def piecewise(
    episodes: int = 40, steps: int = 60, skills: int = 4, discrete: bool = False, seed: int = 0
) -> tuple[EpisodeDataset, Bool[np.ndarray, "steps"]]:
    """Segments of 5 to 15 steps, and where they begin.

    The state holds the share of the segment that is done, which tells when one is over, as the distance of a goal does,
    and two numbers of noise. Which skill comes next is drawn at random. A skill is a direction to act in; of discrete
    actions it is the action itself.
    """
    random = np.random.default_rng(seed)
    begins, progress, skill = [], [], []
    for _ in range(episodes):
        done = 0
        while done < steps:
            length = min(int(random.integers(5, 16)), steps - done)
            begins += [True] + [False] * (length - 1)
            progress += list(np.arange(length) / length)
            skill += [int(random.integers(skills))] * length
            done += length
    noise = random.standard_normal((episodes * steps, 2))
    observations = np.column_stack([progress, noise])
    angle = 2 * np.pi * np.array(skill) / skills
    actions = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.05 * random.standard_normal((len(angle), 2))
    dataset = dataset_of(observations, actions, np.zeros(len(angle)), [steps] * episodes)
    if discrete:
        chosen = {"actions": np.array(skill, dtype=np.int64), "num_actions": skills}
        dataset = EpisodeDataset(**{**dataset.__dict__, **chosen})
    return dataset, np.array(begins)


def boundary_f1(
    found: Bool[np.ndarray, "steps"], true: Bool[np.ndarray, "steps"], steps: int
) -> tuple[float, float, float]:
    """Precision, recall and F1 of boundaries, exact to the step; the first step of an episode is none to be found."""
    inner = np.arange(len(true)) % steps > 0
    hits = (found & true & inner).sum()
    precision, recall = hits / max(1, (found & inner).sum()), hits / max(1, (true & inner).sum())
    return float(precision), float(recall), float(2 * precision * recall / max(1e-9, precision + recall))
