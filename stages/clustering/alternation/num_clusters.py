"""How many clusters? Criteria along a trace of merges that need neither the true number nor labels.

J alone never tells: it falls with every merge, steeply where two policies are forced into one, and a little where one
policy was found twice. A criterion has to know what "a little" is.

Description length (policies that are tables): the log-probability of all actions and labels with the policies and the
clusters' shares integrated out, so it may be negative and larger is better,

    ``sum_z sum_s log [B(n_z(s, .) + 1/2) / B(1/2)]  +  log [(K - 1)! prod_z N_z! / (N + K - 1)!]``

with counts ``n_z(s, a)`` of actions in states, sizes ``N_z``, and B the multivariate Beta function. The prior of 1/2 is
that of Krichevsky and Trofimov (1981), the usual one of universal codes. Where BIC charges every cluster for all
states, this charges it for the states that its own episodes visit.

Held-out likelihood (policies that are networks): `stages.clustering.alternation.held_out`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaln

from stages.clustering.alternation.state_action_counts import StateActionCounts

PRIOR = 0.5


def description_length(
    table: StateActionCounts, counts: Float[np.ndarray, "clusters pairs"], sizes: Int[np.ndarray, "clusters"]
) -> float:
    """Log-probability of actions and labels, in nats.

    Args:
        table: The states and actions.
        counts: How often each cluster's episodes take each action in each state.
        sizes: Episodes in each cluster.
    """
    possible = PRIOR * np.bincount(table.state)
    actions = (gammaln(counts + PRIOR) - gammaln(PRIOR)).sum()
    actions -= (gammaln(table.per_state(counts) + possible) - gammaln(possible)).sum()
    labels = gammaln(len(sizes)) + gammaln(sizes + 1.0).sum() - gammaln(sizes.sum() + len(sizes))
    return float(actions + labels)
