"""How far the policies of found clusters are from the true ones, in nats per step.

    KL[k, j] = E_{s ~ cluster k} KL(pi_k(. | s) || pi_j(. | s))

Both sides are fitted in the same simple way to the episodes that carry the label, found or true: `tabular_policies`
for discrete actions, `gaussian_policies` otherwise. So an entry is 0 where cluster and policy have the same episodes,
whatever the model can express, and no clustering is judged by the networks that it brought along. Deterministic
policies have no finite divergence; tables give about the share of steps at which the policies differ times the log of
the visits there.

Source: the project's own, after what reviewers of policy-based clustering asked for.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from jaxtyping import Float, Int

from stages.datasets.episodes import EpisodeDataset
from stages.diagnosis.gaussian_policies import GaussianPolicies
from stages.diagnosis.tabular_policies import TabularPolicies

PolicyModel: TypeAlias = TabularPolicies | GaussianPolicies


def policy_model(
    dataset: EpisodeDataset, smoothing: float, num_waves: int, generator: np.random.Generator
) -> PolicyModel:
    """The simple model of policies that suits the dataset's actions."""
    if dataset.num_actions is not None:
        return TabularPolicies(dataset, smoothing)
    return GaussianPolicies(dataset, num_waves, generator)


def behavioural_kl(
    model: PolicyModel,
    labels: Int[np.ndarray, "episodes"],
    num_clusters: int,
    others: Int[np.ndarray, "episodes"],
    num_others: int,
) -> Float[np.ndarray, "clusters others"]:
    """Divergence of each cluster's policy from each policy of another labelling; NaN where one has no states."""
    everything = np.ones(len(labels), dtype=bool)
    first = model.fit(labels, num_clusters, everything)
    return model.divergence(first, model.fit(others, num_others, everything))  # type: ignore[arg-type]
