"""Episodes that consist of segments with known boundaries, each acted by one of a few skills."""

from __future__ import annotations

from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import dataset_of

Skills = Literal["directions", "laws", "choices"]
MOVES = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]])  # discrete actions of a walk


def piecewise(
    episodes: int = 40, steps: int = 60, skills: int = 4, kind: Skills = "directions", seed: int = 0
) -> tuple[EpisodeDataset, Bool[np.ndarray, "steps"]]:
    """Segments of 5 to 15 steps, and where they begin.

    The state holds the share of the segment that is done, which tells when one is over, as the distance of a goal does,
    and two numbers of noise. Which skill comes next is drawn at random, it may be the same again.

    Args:
        kind: What a skill is: a direction to act in, a law that makes three numbers of the noise, or a discrete action.
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
    ends = [steps] * episodes
    if kind == "choices":
        return _discrete(observations, np.array(skill), skills, ends), np.array(begins)
    actions = _acted(np.array(skill), noise, skills, kind, random)
    dataset = dataset_of(
        observations, actions + 0.05 * random.standard_normal(actions.shape), np.zeros(len(skill)), ends
    )
    return dataset, np.array(begins)


def errands(
    landmarks: Int[np.ndarray, "landmarks 2"], episodes: int = 40, steps: int = 60, seed: int = 0
) -> tuple[EpisodeDataset, Bool[np.ndarray, "steps"]]:
    """Walks on a grid from landmark to landmark, first along x, then along y; a segment begins where one is reached.

    The state is the place alone, actions are moves. Which landmark is next is drawn at random, never the one reached.
    """
    random = np.random.default_rng(seed)
    places, moves, begins = [], [], []
    for _ in range(episodes):
        goal = int(random.integers(len(landmarks)))
        place, walked = landmarks[goal].copy(), 0
        while walked < steps:
            begins.append(bool((place == landmarks[goal]).all()))
            if begins[-1]:
                goal = int(random.choice([other for other in range(len(landmarks)) if other != goal]))
            away = landmarks[goal] - place
            along = 0 if away[0] else 1
            moves.append(2 * along + int(away[along] < 0))
            places.append(place.copy())
            place += MOVES[moves[-1]]
            walked += 1
    return _discrete(np.array(places, dtype=float), np.array(moves), len(MOVES), [steps] * episodes), np.array(begins)


def boundary_f1(
    found: Bool[np.ndarray, "steps"], true: Bool[np.ndarray, "steps"], steps: int
) -> tuple[float, float, float]:
    """Precision, recall and F1 of boundaries, exact to the step; the first step of an episode is none to be found."""
    inner = np.arange(len(true)) % steps > 0
    hits = (found & true & inner).sum()
    precision, recall = hits / max(1, (found & inner).sum()), hits / max(1, (true & inner).sum())
    return float(precision), float(recall), float(2 * precision * recall / max(1e-9, precision + recall))


def _acted(
    skill: Int[np.ndarray, "steps"],
    noise: Float[np.ndarray, "steps 2"],
    skills: int,
    kind: Skills,
    random: np.random.Generator,
) -> Float[np.ndarray, "steps action"]:
    if kind == "laws":
        laws = random.standard_normal((skills, 3, 3))
        return np.einsum("tij,tj->ti", laws[skill], np.column_stack([np.ones(len(noise)), noise]))
    angle = 2 * np.pi * skill / skills
    return np.column_stack([np.cos(angle), np.sin(angle)])


def _discrete(
    observations: Float[np.ndarray, "steps observation"], actions: Int[np.ndarray, "steps"], count: int, ends: list[int]
) -> EpisodeDataset:
    dataset = dataset_of(observations, np.zeros((len(actions), 1)), np.zeros(len(actions)), ends)
    return EpisodeDataset(**{**dataset.__dict__, "actions": actions.astype(np.int64), "num_actions": count})
