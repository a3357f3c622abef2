"""Pathfollowing: a point mass steered to one goal along three paths, by Gaussian policies that are known exactly.

Each behaviour pulls the point towards a waypoint, as a damped spring does, with noise on the force:

    a = clip(m + noise e, -1, 1),    m = clip(PULL (w - p) - DAMPING v, -1, 1),    e standard normal

The waypoint w is the goal (1, 1), but for `lu` its x is -1 as long as y is below `TURN`, and for `dr` its y is -1 as
long as x is. So the three differ at the start, and from the turn on they are one and the same. An action at the edge of
the box stands for all that were clipped to it; its likelihood is the probability of that.

Source: Hu, Wang and Du, Policy-Based Trajectory Clustering in Offline Reinforcement Learning, and its public code.
Deviations: the published behaviours are recurrent policies trained by PPO, and the published loader takes the time axis
for that of episodes; here the policies are analytic, depend on the state alone, and episodes are whole. Results on the
published data are therefore no reference.
"""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from jaxtyping import Float
from pydantic import Field, PositiveInt

from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.diagnosis.oracle_ceiling import oracle_ceiling
from stages.environments.pathfollowing import GOAL, LINES, Path, Pathfollowing, PathfollowingSettings
from stages.environments.recording import record
from stages.generators import GENERATORS
from stages.seeding import generator
from stages.settings import Settings

SIDE_BY_SIDE = 1024
PULL, DAMPING = 2.5, 8.0
TURN = 0.3
EPISODES: dict[Path, int] = {"direct": 20_000, "lu": 20_000, "dr": 20_000}


class PathfollowingDataSettings(Settings):
    """Pathfollowing episodes along three paths."""

    episodes: dict[Path, PositiveInt] = Field(
        EPISODES, min_length=1, description="policies, with how many episodes of each are recorded"
    )
    noise: float = Field(0.5, gt=0, description="standard deviation of each action coordinate, before clipping")
    seed: int = Field(0, ge=0, description="seed of starts, forces and actions")
    environment: PathfollowingSettings = Field(
        PathfollowingSettings(), description="settings of the task; `path` is the policy's own while recording"
    )


@GENERATORS.register("pathfollowing", PathfollowingDataSettings)
def generate(settings: PathfollowingDataSettings) -> EpisodeDataset:
    """Episodes of every policy, one policy after the other, with the ceiling of clustering them."""
    parts = [_record(path, wanted, settings) for path, wanted in settings.episodes.items()]
    episodes = concatenate(parts, names=list(settings.episodes))
    ties = generator(settings.seed, "pathfollowing ties")
    ceiling = oracle_ceiling(episodes, log_likelihood(episodes, tuple(settings.episodes), settings.noise), ties)
    attributes = {
        "environment_settings": settings.environment.model_dump_json(),
        "oracle_ceiling": json.dumps(ceiling),
    }
    return replace(episodes, environment="pathfollowing", attributes=attributes)


def mean_action(path: Path, state: Float[np.ndarray, "states numbers"]) -> Float[np.ndarray, "states 2"]:
    """What a behaviour means to do; the first four numbers of a state are position and velocity."""
    position, velocity = state[:, :2], state[:, 2:4]
    waypoint = np.tile(GOAL, (len(state), 1))
    if path != "direct":
        held = int(LINES[path].argmin())  # The coordinate that stays at -1 until the other has nearly reached 1.
        waypoint[:, held] = np.where(position[:, 1 - held] < TURN, LINES[path][held], GOAL[held])
    mean: np.ndarray = np.clip(PULL * (waypoint - position) - DAMPING * velocity, -1, 1)
    return mean


def log_likelihood(
    episodes: EpisodeDataset, paths: tuple[Path, ...], noise: float
) -> Float[np.ndarray, "episodes policies"]:
    """Log-likelihood of the actions of each episode under each behaviour."""
    from scipy.stats import norm  # loaded here: it takes a second, and planning has no use for it

    actions, states = episodes.actions, episodes.observations.astype(np.float64)
    columns = []
    for path in paths:
        mean = mean_action(path, states)
        inside = norm.logpdf(actions, mean, noise)
        clipped = np.where(actions > 0, norm.logsf(1, mean, noise), norm.logcdf(-1, mean, noise))
        of_step = np.where(np.abs(actions) < 1, inside, clipped).sum(axis=1)
        columns.append(np.add.reduceat(of_step, episodes.episode_starts))
    return np.stack(columns, axis=1)


def _record(path: Path, wanted: int, settings: PathfollowingDataSettings) -> EpisodeDataset:
    """Episodes of one behaviour."""

    def act(observations: np.ndarray, random: np.random.Generator) -> np.ndarray:
        mean = mean_action(path, observations)
        return np.clip(mean + settings.noise * random.standard_normal(mean.shape), -1, 1)

    environment = Pathfollowing(settings.environment.model_copy(update={"path": path}))
    purpose = f"pathfollowing {path}"
    return record(environment, act, seed=settings.seed, purpose=purpose, num_episodes=wanted, side_by_side=SIDE_BY_SIDE)
