"""Which pairs of episodes cannot be the work of one policy, and how often that happens within and between clusters.

Two episodes conflict if some state occurs in both with different actions,

    d(tau, tau') = 1  if  exists (s, a) in tau, (s, a') in tau' with a != a',  else 0.

A clustering without conflicts inside its clusters is explained perfectly by one deterministic policy per cluster. What
the observations do not show counts against the policies: an episode that takes two actions at one observation conflicts
with itself, as with policies that draw their actions or remember. The more episodes do so, the less conflicts mean;
rates are then to be compared with the rate within a cluster, not with 0.

States are told apart by 64-bit hashes of the recorded observations: any difference counts, so this is for tasks whose
states recur (`recurrence`), as gridworlds' do. For actions that are vectors there is `stages.diagnosis.surprise`.

Source: Hu, Wang, Du: Policy-Based Trajectory Clustering in Offline RL (arXiv 2506.09202), Section 4, Eqs. 9-12.
Symbols: conflict = d.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from jaxtyping import Bool, Float, Int
from scipy.sparse import csr_array

from stages.datasets.episodes import EpisodeDataset


def exact_conflicts(dataset: EpisodeDataset) -> Bool[np.ndarray, "episodes episodes"]:
    """Which pairs of episodes conflict; on the diagonal, which conflict with themselves.

    Args:
        dataset: Episodes with discrete actions, a few thousand at most: all pairs are held in memory.
    """
    assert dataset.num_actions is not None
    state = numbered_states(dataset.observations)
    choices = (int(state.max()) + 1) * dataset.num_actions
    taken = np.unique(dataset.episode_of_step * choices + state * dataset.num_actions + dataset.actions)
    episode, choice = np.divmod(taken, choices)
    shape = (dataset.num_episodes, choices)
    acted = csr_array((np.ones(len(taken), dtype=np.float32), (episode, choice)), shape=shape)
    visited = csr_array((acted.data, (episode, choice // dataset.num_actions)), shape=shape)
    # A state where both took one action and the same is counted once by either product, any other more often here.
    conflict: np.ndarray = (visited @ visited.T).toarray() > (acted @ acted.T).toarray()
    return conflict


def numbered_states(observations: Float[np.ndarray, "steps observation"]) -> Int[np.ndarray, "steps"]:
    """A number for each different observation, by first appearance."""
    # Adding 0 turns -0 into 0, which is the same place.
    hashes = pd.util.hash_pandas_object(pd.DataFrame(observations + np.float32(0)), index=False)
    numbers: np.ndarray = pd.factorize(hashes.to_numpy())[0].astype(np.int64)
    return numbers


def recurrence(dataset: EpisodeDataset) -> float:
    """Share of steps in states that another episode visits too."""
    state = numbered_states(dataset.observations)
    visits = np.unique(np.stack([dataset.episode_of_step, state]), axis=1)
    return float((np.bincount(visits[1])[state] > 1).mean())


def conflict_rates(
    conflict: Bool[np.ndarray, "episodes episodes"], labels: Int[np.ndarray, "episodes"], num_clusters: int
) -> Float[np.ndarray, "clusters clusters"]:
    """Share of the pairs of different episodes, one of each cluster, that conflict; NaN where there are no pairs."""
    member = np.eye(num_clusters)[labels]
    between = conflict & ~np.eye(len(conflict), dtype=bool)
    sizes = member.sum(axis=0)
    pairs = np.outer(sizes, sizes) - np.diag(sizes)
    rates: np.ndarray = np.divide(member.T @ between @ member, pairs, out=np.full_like(pairs, np.nan), where=pairs > 0)
    return rates
