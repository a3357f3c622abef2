"""Policies with random effects about a common policy that is not linear.

People who walk in one place, each in a way of their own, do so about what everybody does there, which is not linear:
the common policy sees random features of the state here, the parts that are a cluster's or an episode's own stay linear
(`mixed.py`). Of one nonlinear policy such clusters can be many, and no evidence within the family says so. What says so
are steps of others: clusters stand only if they tell what actions are beyond what the clusters found otherwise tell
(`telling.py`), or, where observations are many and neighbours far, if they foretell decisively more (`foretelling.py`).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.clustering.conjugate.comparing import Compared, compare, summed
from stages.clustering.conjugate.foretelling import foretold_more
from stages.clustering.conjugate.grouping import Grouping
from stages.clustering.conjugate.judgement import DECISIVE
from stages.clustering.conjugate.mixed import Fit, MixedPolicies
from stages.clustering.conjugate.scaled_steps import ScaledSteps
from stages.clustering.conjugate.telling import tells
from stages.datasets.episodes import EpisodeDataset

STRENGTH = 1.0  # of the ridge, in steps
MOST_OBSERVATIONS = 8  # that are not wide
MOST_STEPS = 100_000  # of the chosen episodes
MOST_WIDE_STEPS = 50_000  # the same of wide observations, where policies are clearly not linear: mostly robots'


class CurvedMixedPolicies(MixedPolicies):
    """Linear policies with random effects about a common policy of random features.

    Attributes:
        stride: Every so-manieth step of an episode is looked at, since all features of all steps take long.
    """

    leaves_noise = False  # a curve that is not quite right leaves more: thirty people became 52 by tails, 41 by news

    def __init__(
        self, dataset: EpisodeDataset, generator: np.random.Generator, chosen: Int[np.ndarray, "chosen"]
    ) -> None:
        self.stride = -(-int(dataset.episode_lengths[chosen].sum()) // MOST_STEPS)
        super().__init__(dataset.every(self.stride), generator, chosen)

    def log_likelihood(
        self, dataset: EpisodeDataset, clusters: Float[Tensor, "clusters width"]
    ) -> Float[Tensor, "episodes clusters"]:
        return super().log_likelihood(dataset.every(self.stride), clusters)

    def common_inputs(self, steps: ScaledSteps) -> Float[Tensor, "steps width"]:
        return torch.cat([steps.inputs, steps.hidden], 1)

    def common_policy(self, seen: Float[Tensor, "steps width"]) -> Fit:
        # Weights would ask for another factor each time, which takes ten times as long as what is expected at an edge.
        factor = torch.linalg.cholesky(seen.T @ seen + STRENGTH * torch.eye(seen.shape[1], dtype=torch.float64))
        return lambda means, beside: torch.cholesky_solve(seen.T @ (means + beside.expected), factor)


def narrow(dataset: EpisodeDataset) -> bool:
    """Whether actions are continuous and observations few, so that neighbours tell which of all families is right."""
    return dataset.num_actions is None and dataset.observations.shape[1] <= MOST_OBSERVATIONS


def too_long(dataset: EpisodeDataset, chosen: Int[np.ndarray, "chosen"]) -> bool:
    """Whether wide observations would take too long: eight seconds for a hundred thousand steps of a robot."""
    return int(dataset.episode_lengths[chosen].sum()) > MOST_WIDE_STEPS


def about_a_curve(
    dataset: EpisodeDataset,
    generator: np.random.Generator,
    chosen: Int[np.ndarray, "chosen"],
    labels: Int[np.ndarray, "episodes"],
    asked: int | None,
) -> Compared | None:
    """What policies about a nonlinear common one make of the chosen episodes; None where `labels` hold under them.

    Args:
        dataset: Episodes with continuous actions.
        generator: Draws the random features.
        chosen: Numbers of the episodes that are compared.
        labels: Clusters of all episodes, found otherwise.
        asked: The number of clusters, if it is given.
    """
    policies = CurvedMixedPolicies(dataset, generator, np.sort(chosen))
    found = np.unique(labels[policies.chosen], return_inverse=True)[1].ravel()
    if asked is None and not would_leave(policies, found):
        return None
    return compare(policies, policies.chosen, asked, None)


def would_leave(policies: CurvedMixedPolicies, labels: Int[np.ndarray, "chosen"]) -> bool:
    """Whether evidence rises by any of the chosen episodes leaving the others of its cluster."""
    statistics, number = policies.statistics(policies.chosen), int(labels.max()) + 1
    clusters = summed(statistics, labels)
    apart = policies.evidence(clusters[labels] - statistics) + policies.evidence(statistics)
    gains = apart - policies.evidence(clusters)[labels]
    one_more = policies.log_prior_of_number(number + 1, len(labels)) - policies.log_prior_of_number(number, len(labels))
    return bool((gains[np.bincount(labels)[labels] > 1] + one_more > 0).any())


def chosen_by_neighbours(
    dataset: EpisodeDataset,
    best: Grouping,
    rivals: Sequence[Grouping],
    enough: bool,
    asked: int | None,
    draws: np.random.Generator,
) -> Grouping:
    """The grouping that neighbours tell more of, where observations are few.

    Args:
        dataset: Episodes with continuous actions.
        best: What is given up only for what is clearly better.
        rivals: Two others at most.
        enough: Whether linear policies suffice.
        asked: The number of clusters, if it is given; if it is not, a rival has to foretell more as well.
        draws: Draws nonlinear features.
    """
    if len(rivals) == 2 and tells_beyond(dataset, rivals[1], rivals[0]) > tells_beyond(dataset, rivals[0], rivals[1]):
        rivals = rivals[1:]
    for rival in rivals[:1]:
        gained, lost = tells_beyond(dataset, rival, best), tells_beyond(dataset, best, rival)
        # Where the number is given neither has more freedom, so that it is enough to tell more.
        better = gained - lost > DECISIVE if asked and not enough else gained > DECISIVE >= lost
        if better and (asked or foretold_more(dataset, rival.labels, best.labels, draws) > DECISIVE):
            return rival
    return best


def tells_beyond(dataset: EpisodeDataset, found: Grouping, other: Grouping) -> float:
    """Standard errors by which the clusters tell actions beyond what others tell (`telling.py`)."""
    return tells(dataset, found.labels, other.labels)
