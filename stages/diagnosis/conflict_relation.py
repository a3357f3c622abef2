"""The conflicts of a sample of episodes, by the relation that suits their actions, and what follows from them.

Discrete actions have exact conflicts (`conflicts`), vectors have likely ones (`surprise`); then the bracket on K is an
estimate, as regressions that underfit a policy make it look like several. Nothing follows where episodes cannot be
compared: discrete actions in states that hardly recur, or vectors in episodes with fewer steps than the policies that
are fitted to them have features.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.conflict_graph import bracket
from stages.diagnosis.conflicts import conflict_rates, exact_conflicts, recurrence
from stages.diagnosis.settings import DiagnosisSettings
from stages.diagnosis.surprise import surprise
from stages.seeding import generator


class ConflictRelation:
    """Conflicts among episodes.

    Args:
        sample: Episodes in random order.
        settings: How many are compared, and what counts as a conflict.

    Attributes:
        kind: ``exact`` or ``likelihood``.
        comparable: Whether conflicts mean anything.
        sure: Pairs of the first episodes that surely conflict.
        possible: Pairs that conflict; on the diagonal, episodes in conflict with themselves.
    """

    sure: Bool[np.ndarray, "compared compared"]
    possible: Bool[np.ndarray, "compared compared"]

    def __init__(self, sample: EpisodeDataset, settings: DiagnosisSettings) -> None:
        self.settings = settings
        if sample.num_actions is not None:
            self.kind = "exact"
            self.comparable = recurrence(sample) >= settings.recurrence
            self.sure = self.possible = exact_conflicts(sample)
        else:
            self.kind = "likelihood"
            compared = sample.select(np.arange(min(sample.num_episodes, settings.compared_episodes)))
            features = 1 + sample.observations.shape[1] + settings.features
            self.comparable = bool(np.median(compared.episode_lengths) >= features)
            draws = generator(settings.seed, "conflict features")
            found = surprise(compared, settings.features, settings.compared_steps, draws)
            self.sure, self.possible = found > settings.surprise**2, found > settings.surprise

    @property
    def self_conflict(self) -> float | None:
        """Share of episodes in conflict with themselves; None for likely conflicts, which do not know it."""
        return float(self.possible.diagonal().mean()) if self.kind == "exact" else None

    def rates(
        self, labels: Int[np.ndarray, "episodes"], num_clusters: int
    ) -> Float[np.ndarray, "clusters clusters"] | None:
        """Conflict rates within and between clusters, given the label of each episode of the sample."""
        if not self.comparable:
            return None
        return conflict_rates(self.possible, labels[: len(self.possible)], num_clusters)

    def bracket(self) -> tuple[int, int] | tuple[None, None]:
        """Bracket on K; none where many episodes conflict with themselves, as no number of policies explains them."""
        consistent = ~self.possible.diagonal()
        if not self.comparable or 1 - consistent.mean() > self.settings.self_conflict:
            return None, None
        kept = np.flatnonzero(consistent)[: self.settings.coloured_episodes]
        pairs = np.ix_(kept, kept)
        return bracket(self.sure[pairs], self.possible[pairs])
