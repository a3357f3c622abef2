"""A ladder of behaviours: of all snapshots of a training, those that earn little, something and much.

Every snapshot is run for many episodes with sampled actions, as it would record data. A level is a range of D4RL
scores (where D4RL has no constants: percent of the way from the first to the best snapshot's return); taken is the
snapshot nearest to the middle of the range, for a level without an upper end the best one. Since the best of many is
partly luck, the chosen ones are run once more, and it is these returns that the manifest names.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field, model_validator

from stages.datasets.recording import Policy, record
from stages.environments.base import VectorEnvironment
from stages.evaluation.normalised_score import normalised_score
from stages.online.actors import Actors, joined
from stages.online.training import OnlineJob
from stages.settings import Settings

Range = tuple[float, float | None]

LEVELS: dict[str, Range] = {"low": (15.0, 35.0), "medium": (40.0, 65.0), "expert": (90.0, None)}


class LadderSettings(Settings):
    """Which snapshots become behaviours."""

    levels: dict[str, Range] = Field(LEVELS, min_length=1, description="name: least and largest score; null: the best")
    episodes: int = Field(100, ge=1, description="episodes that each snapshot is judged by")

    @model_validator(mode="after")
    def _ordered(self) -> LadderSettings:
        if wrong := [name for name, (low, high) in self.levels.items() if high is not None and high <= low]:
            raise ValueError(f"the range of level {wrong[0]!r} is empty")
        return self


@dataclass(frozen=True)
class Rung:
    """A level and the snapshot chosen for it, None if none lies in its range."""

    level: str
    snapshot: int | None


def climb(scores: Float[np.ndarray, "snapshots"], levels: dict[str, Range]) -> list[Rung]:
    """The snapshot of each level, by mean scores."""
    rungs = []
    for level, (low, high) in levels.items():
        inside = np.flatnonzero((scores >= low) & (scores <= (np.inf if high is None else high)))
        aim = np.inf if high is None else (low + high) / 2
        distance = -scores[inside] if high is None else np.abs(scores[inside] - aim)
        rungs.append(Rung(level, int(inside[np.argmin(distance)]) if len(inside) else None))
    return rungs


def choose(job: OnlineJob, snapshots: list[Actors], settings: LadderSettings) -> tuple[Actors | None, dict[str, Any]]:
    """The behaviours of all levels that were reached, and what is known about all snapshots."""
    environment = job.make()
    with job.progress("judging snapshots", len(snapshots), "snapshot") as progress:
        returns = np.zeros((len(snapshots), settings.episodes))
        for i, snapshot in enumerate(snapshots):
            returns[i] = run(environment, snapshot, settings.episodes, job.seed, f"judging {snapshot.names[0]}")
            progress.advance_to(i + 1)
    rungs = climb(scored(returns, job.environment).mean(1), settings.levels)
    behaviours, chosen = {}, []
    for rung in rungs:
        if rung.snapshot is None:
            continue
        actors = snapshots[rung.snapshot]
        again = run(environment, actors, settings.episodes, job.seed, f"judging {rung.level} again")
        behaviours[rung.level] = {"snapshot": actors.names[0], **described(again, job.environment)}
        chosen.append(actors)
    environment.close()
    manifest = {
        "behaviours": behaviours,
        "missing": [rung.level for rung in rungs if rung.snapshot is None],
        "snapshots": {s.names[0]: described(own, job.environment) for s, own in zip(snapshots, returns, strict=True)},
    }
    return (joined(chosen, list(behaviours)) if chosen else None), manifest


def run(environment: VectorEnvironment, actors: Actors, episodes: int, seed: int, purpose: str) -> np.ndarray:
    """Returns of `episodes` episodes of a policy, with sampled actions."""
    policy = sampling(actors)
    return record(environment, policy, seed=seed, purpose=purpose, num_episodes=episodes).episode_returns


def sampling(actors: Actors, scale: float = 1.0) -> Policy:
    """The first of `actors` as a policy for recording; its noise is multiplied by `scale`."""

    def act(observations: np.ndarray, random: np.random.Generator) -> np.ndarray:
        size = len(observations), actors.ensemble.sizes[-1] // 2
        noise = torch.from_numpy(scale * random.standard_normal(size, np.float32))
        return actors.act(torch.from_numpy(observations).float()[None], noise[None])[0].double().numpy()

    return act


def scored(returns: Float[np.ndarray, "snapshots episodes"], environment: str) -> np.ndarray:
    """D4RL scores, or percent of the way from the first to the best snapshot's mean."""
    score = normalised_score(returns, environment)
    if score is not None:
        return score
    means = returns.mean(1)
    return np.asarray(100 * (returns - means[0]) / max(means.max() - means[0], 1e-9))


def described(returns: Float[np.ndarray, "episodes"], environment: str) -> dict[str, float]:
    """Mean and spread of returns, and the D4RL score where there is one."""
    known: dict[str, float] = {
        "mean_return": round(float(returns.mean()), 1),
        "std_return": round(float(returns.std()), 1),
        "min_return": round(float(returns.min()), 1),
        "max_return": round(float(returns.max()), 1),
    }
    score = normalised_score(returns, environment)
    return known if score is None else known | {"d4rl_score": round(float(score.mean()), 1)}
