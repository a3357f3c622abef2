"""Which episodes could as well belong to another cluster.

Each episode is scored under a simple policy of every cluster (`behavioural_kl.policy_model`), fitted without the
episode's own fold so that no cluster knows its members' actions by heart, and is ambiguous if the likeliest cluster is
less than 95 % certain. For deterministic policies in states that recur these are the episodes without conflict with
two or more clusters, as an action that a well-known cluster never takes is decisive; for policies that draw their
actions it is the same question asked of likelihoods. It is also the question that `stages.diagnosis.oracle_ceiling`
asks with the true policies, so the two shares can be compared: more here than there means clusters that overlap.

Steps are taken to be independent. Where actions depend on more than the observation, certainty comes out too high.

Source: the project's own.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Int

from stages.diagnosis import oracle_ceiling
from stages.diagnosis.behavioural_kl import PolicyModel


def ambiguous(
    model: PolicyModel,
    labels: Int[np.ndarray, "episodes"],
    num_clusters: int,
    num_folds: int,
    generator: np.random.Generator,
) -> Bool[np.ndarray, "episodes"]:
    """Whether each episode is ambiguous; none is where there is only one cluster."""
    filled = np.unique(labels)
    fold = generator.permutation(np.arange(len(labels)) % num_folds)
    scores = np.empty((len(labels), len(filled)))
    for left_out in range(num_folds):
        policies = model.fit(labels, num_clusters, fold != left_out)
        found = model.log_likelihood(policies)  # type: ignore[arg-type]
        scores[fold == left_out] = found[fold == left_out][:, filled]
    return oracle_ceiling.ambiguous(scores)
