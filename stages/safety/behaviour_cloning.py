"""Behaviour cloning under cost limits: of everything (BC-All), or of the episodes that keep to the limit (BC-Safe).

Objective: ``||mu(s) - a||^2`` over the rows of the chosen episodes, ``mu = tanh(network)``.
Source:    the baselines "BC-All" and "BC-Safe" of DSRL (Liu et al. 2023), as OSRL implements them.

BC-All takes no notice of costs, and one policy stands for every limit. BC-Safe has one policy per limit; its `mode`
names which episodes it clones (see `episode_choice`).

Deviations: observations are standardised, actions scaled to the dataset's box.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Int
from pydantic import Field

from stages.agents.network import artifact_of_policies
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.safety import SAFETY
from stages.safety.contract import SafeAlgorithm, SafeSettings
from stages.safety.limits.cloning import Cloning, limit_draws, rows_to_clone
from stages.safety.limits.episode_choice import EpisodeMode, chosen_episodes
from stages.safety.limits.limit_head import LimitHead
from stages.safety.limits.requirements import require_safe_and_unsafe
from stages.seeding import generators
from stages.training.trainable import Trainable


class CloneAllSettings(SafeSettings):
    """BC-All; defaults are OSRL's."""


class CloneSafeSettings(CloneAllSettings):
    """BC-Safe; defaults are OSRL's."""

    mode: EpisodeMode = Field("safe", description="which episodes are cloned under a cost limit")
    frontier_range: float = Field(0.1, gt=0, description="mode frontier: half-width of its band, in spreads of return")
    frontier_degree: int = Field(2, ge=0, description="mode frontier: degree of its polynomial in the cost")


@SAFETY.register("bc_all", CloneAllSettings)
class CloneAll(SafeAlgorithm):
    """One cloned policy per seed."""

    settings: CloneAllSettings

    def train(self) -> Artifact:
        return self.cloned([np.arange(self.job.dataset.num_steps)], ())

    def cloned(self, pools: list[Int[np.ndarray, "_"]], limits: tuple[float, ...]) -> Artifact:
        """Policies fitted to one pool of rows each, by limit; no limits: one policy for all."""
        job, settings = self.job, self.settings
        head = LimitHead("deterministic", job.actions.shape[1])
        sizes = (job.observations.shape[1], *settings.hidden_sizes, head.num_outputs)
        policy = Ensemble(sizes, len(job.seeds), len(pools))
        actor = Trainable(policy, generators(job.seeds, "cloning"), settings.learning_rate, job.device)
        names = limits or (np.inf,)
        draws = limit_draws(job.seeds, [[pool] for pool in pools], names, settings.batch_size, "cloned rows")
        metrics = job.train("cloning", Cloning(actor, head), rows_to_clone(job), draws, settings.num_steps)
        return artifact_of_policies(policy, actor.parameters, job.normaliser, limits, head.squashed, metrics.tensors())


@SAFETY.register("bc_safe", CloneSafeSettings)
class CloneSafe(CloneAll):
    """One cloned policy per seed and limit."""

    settings: CloneSafeSettings

    def train(self) -> Artifact:
        dataset, settings = self.job.dataset, self.settings
        require_safe_and_unsafe(dataset, self.limits, safe=settings.mode in ("safe", "frontier"), unsafe=False)
        pools = []
        for limit in self.limits:
            episodes = chosen_episodes(dataset, settings.mode, limit, settings.frontier_range, settings.frontier_degree)
            if len(episodes) == 0:
                cause = f"no episode is {settings.mode} under the cost limit {limit:g}"
                raise UserError(cause, place="mode", remedy="Choose other limits, or mode: safe")
            pools.append(np.flatnonzero(np.isin(dataset.episode_of_step, episodes)))
        return self.cloned(pools, self.limits)
