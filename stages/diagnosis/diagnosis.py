"""What can be said about clusters beyond their score: of the dataset itself, and of every seed's clusters.

Sizes, scores and the confusion matrix are of all episodes. Whatever looks into episodes does so on a random sample of
them, the same for every clustering of a dataset, which bounds time and memory; a cluster without an episode in the
sample has no such figures (NaN), and neither has a dataset whose episodes cannot be compared (None, see
`conflict_relation`).

Source: the project's own; each figure is defined in a module of its own beside this one.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from jaxtyping import Int

from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.ambiguity import ambiguous
from stages.diagnosis.behavioural_kl import behavioural_kl, policy_model
from stages.diagnosis.clustering_scores import clustering_scores
from stages.diagnosis.collapse import close_centroids, empty_clusters, equal_policies, missing_clusters, uneven_sizes
from stages.diagnosis.conflict_relation import ConflictRelation
from stages.diagnosis.found_clusters import FoundClusters
from stages.diagnosis.settings import DiagnosisSettings
from stages.formats.report import Report
from stages.formats.wild_values import wild_values
from stages.seeding import generator


class Diagnosis:
    """Looks at one dataset, then at any clusters of its episodes."""

    def __init__(self, dataset: EpisodeDataset, settings: DiagnosisSettings) -> None:
        self.dataset, self.settings = dataset, settings
        self.chosen = _sample(dataset.episode_lengths, settings)
        sample = dataset.select(self.chosen)
        self.conflicts = ConflictRelation(sample, settings)
        features = generator(settings.seed, "diagnosis features")
        # Tables of states that do not recur say nothing; Gaussians pool the episodes of a cluster, however short.
        modelled = self.conflicts.comparable or sample.num_actions is None
        self.model = policy_model(sample, settings.smoothing, settings.features, features) if modelled else None

    def of_dataset(self) -> dict[str, Any]:
        """Facts that hold whatever the clusters: size, true policies, conflicts, bracket on K, oracle ceiling."""
        dataset, truth = self.dataset, self.dataset.behaviour_policy
        lower, upper = self.conflicts.bracket()
        oracle = dataset.attributes.get("oracle_ceiling")
        names = self._policy_names()
        return {
            "episodes": dataset.num_episodes,
            "steps": dataset.num_steps,
            "true_num_clusters": None if truth is None else len(np.unique(truth)),
            "k_lower": lower,
            "k_upper": upper,
            "oracle": None if oracle is None else json.loads(oracle),
            "conflict_kind": self.conflicts.kind,
            "true_conflict": None if truth is None else self.conflicts.rates(truth[self.chosen], len(names)),
            "self_conflict": self.conflicts.self_conflict,
            "policy_names": names,
        }

    def of_clusters(self, found: FoundClusters) -> dict[str, Any]:
        """What one seed found."""
        sizes = np.bincount(found.labels, minlength=found.num_clusters)
        sampled = found.labels[self.chosen]
        return {
            "seed": found.seed,
            "num_clusters": int((sizes > 0).sum()),
            "sizes": sizes,
            "converged": found.converged,
            "score": found.score,
            **self._beside_truth(found),
            "conflict": self.conflicts.rates(sampled, found.num_clusters),
            "ambiguous": self._ambiguous(sampled, found.num_clusters),
            "ambiguity": None if found.ambiguity is None else float(found.ambiguity.mean()),
            "certainty": found.certainty,
            "warnings": self._warnings(found, sizes),
        }

    def _beside_truth(self, found: FoundClusters) -> dict[str, Any]:
        """Scores, confusion and divergence from the true policies; None where these are not known."""
        truth, policies = self.dataset.behaviour_policy, len(self._policy_names())
        if truth is None:
            return {"scores": None, "confusion": None, "behavioural_kl": None}
        confusion = np.zeros((found.num_clusters, policies), dtype=np.int64)
        np.add.at(confusion, (found.labels, truth), 1)
        sampled = found.labels[self.chosen], found.num_clusters
        return {
            "scores": clustering_scores(truth, found.labels),
            "confusion": confusion,
            "behavioural_kl": self.model and behavioural_kl(self.model, *sampled, truth[self.chosen], policies),
        }

    def _ambiguous(self, labels: Int[np.ndarray, "sample"], num_clusters: int) -> float | None:
        """Share of ambiguous episodes; None where there is but one in the sample."""
        if self.model is None or len(labels) < 2:
            return None
        folds, draws = min(self.settings.folds, len(labels)), generator(self.settings.seed, "diagnosis folds")
        return float(ambiguous(self.model, labels, num_clusters, folds, draws).mean())

    def _warnings(self, found: FoundClusters, sizes: Int[np.ndarray, "clusters"]) -> list[str]:
        """Signs of collapse, and numbers that may mislead; a method free to choose K may leave clusters empty."""
        sampled = found.labels[self.chosen], found.num_clusters
        asked_for = found.settings.get("num_clusters", found.num_clusters)
        return [
            *([] if asked_for is None else [*missing_clusters(sizes, asked_for), *empty_clusters(sizes)]),
            *uneven_sizes(sizes, self.settings.dominant),
            *(
                equal_policies(behavioural_kl(self.model, *sampled, *sampled), self.settings.same_policy)
                if self.model
                else []
            ),
            *([] if found.latents is None else close_centroids(found.latents, found.labels)),
            *self._wild_values(),
        ]

    def _wild_values(self) -> list[str]:
        """Where numbers are so far from all others that they may decide how the clusters look."""
        report = Report("dataset")
        wild_values(self.dataset, report)
        return [f"{note.place}: {note.cause}; clusters may hang on it" for note in report.notes]

    def _policy_names(self) -> list[str]:
        """Names of the true policies; empty if they are not known."""
        truth, names = self.dataset.behaviour_policy, list(self.dataset.behaviour_policy_names)
        if truth is None:
            return []
        return names + [f"policy {number}" for number in range(len(names), int(truth.max()) + 1)]


def _sample(lengths: Int[np.ndarray, "episodes"], settings: DiagnosisSettings) -> Int[np.ndarray, "chosen"]:
    """Episodes in random order, as many as the settings allow."""
    order = generator(settings.seed, "diagnosis sample").permutation(len(lengths))[: settings.episodes]
    return order[: max(1, int((np.cumsum(lengths[order]) <= settings.steps).sum()))]
