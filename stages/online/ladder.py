"""A ladder of behaviours: of all snapshots of a training, those that earn little, something and much.

Every snapshot is run for many episodes with sampled actions, as it would record data. A level is a range of D4RL
scores (where D4RL has no constants: percent of the way from the first to the best snapshot's return); taken is the
snapshot nearest to the middle of the range, for a level without an upper end the best one. Since the best of many is
partly luck, the chosen ones are run once more, and it is these returns that the manifest names. Without levels, all
snapshots are kept, as data with costs are recorded from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from stages.datasets.episodes import EpisodeDataset
from stages.environments.base import VectorEnvironment
from stages.environments.normalised_score import normalised_score
from stages.environments.recording import Policy, record
from stages.online.actors import Actors, joined
from stages.online.settings import LadderSettings, Range
from stages.online.training import OnlineJob


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
        judged = []
        for actors in snapshots:
            judged.append(run(job, environment, actors, settings.episodes, f"judging {actors.names[0]}"))
            progress.advance_to(len(judged))
    facts = {actors.names[0]: described(episodes) for actors, episodes in zip(snapshots, judged, strict=True)}
    if settings.levels is None:
        environment.close()
        return joined(snapshots, list(facts)), {"behaviours": facts, "missing": []}
    returns = np.stack([episodes.episode_returns for episodes in judged])
    rungs = climb(scored(returns, job.environment).mean(1), settings.levels)
    behaviours, chosen = {}, []
    for level, snapshot in ((rung.level, rung.snapshot) for rung in rungs if rung.snapshot is not None):
        chosen.append(snapshots[snapshot])
        again = run(job, environment, chosen[-1], settings.episodes, f"judging {level} again")
        behaviours[level] = {"snapshot": chosen[-1].names[0], **described(again)}
    environment.close()
    missing = [rung.level for rung in rungs if rung.snapshot is None]
    manifest = {"behaviours": behaviours, "missing": missing, "snapshots": facts}
    return (joined(chosen, list(behaviours)) if chosen else None), manifest


def run(job: OnlineJob, environment: VectorEnvironment, actors: Actors, episodes: int, purpose: str) -> EpisodeDataset:
    """Episodes of a policy, with sampled actions."""
    policy = sampling(actors, environment)
    recorded = record(environment, policy, seed=job.seed, purpose=purpose, num_episodes=episodes)
    return replace(recorded, environment=job.environment)


def sampling(actors: Actors, environment: VectorEnvironment, scale: float = 1.0) -> Policy:
    """The first of `actors` as a policy for recording, in the environment's box; its noise is multiplied by `scale`."""
    low, high = environment.action_low, environment.action_high

    def act(observations: np.ndarray, random: np.random.Generator) -> np.ndarray:
        noise = torch.from_numpy(scale * random.standard_normal((len(observations), len(low)), np.float32))
        actions = actors.act(torch.from_numpy(observations).float()[None], noise[None])[0].double().numpy()
        return np.asarray(low + (high - low) * (actions + 1) / 2)

    return act


def scored(returns: Float[np.ndarray, "snapshots episodes"], environment: str) -> np.ndarray:
    """D4RL scores, or percent of the way from the first to the best snapshot's mean."""
    score = normalised_score(returns, environment)
    if score is not None:
        return score
    means = returns.mean(1)
    return np.asarray(100 * (returns - means[0]) / max(means.max() - means[0], 1e-9))


def described(episodes: EpisodeDataset) -> dict[str, float]:
    """Mean and spread of returns, the D4RL score and the costs where there are some."""
    returns, costs = episodes.episode_returns, episodes.episode_costs
    facts = {
        "mean_return": returns.mean(),
        "std_return": returns.std(),
        "min_return": returns.min(),
        "max_return": returns.max(),
        "mean_length": episodes.episode_lengths.mean(),
    }
    score = normalised_score(returns, episodes.environment)
    if score is not None:
        facts["d4rl_score"] = score.mean()
    if costs is not None:
        facts |= {"mean_cost": costs.mean(), "std_cost": costs.std()}
    return {name: round(float(value), 1) for name, value in facts.items()}
