"""How many policies the conflicts of episodes call for: a bracket on K.

With episodes as vertices and conflicts as edges, the clusterings into K groups without inner conflict are the proper
colourings of that graph with K colours. Finding the fewest colours is NP-complete, but

    size of any clique  <=  fewest colours  <=  colours of any proper colouring,

and both ends are found greedily: cliques from every vertex, a colouring by DSATUR. The bracket holds for the episodes
given; more episodes can raise both ends. For a relation that errs, the clique is looked for among sure conflicts alone
and the colouring has to respect the possible ones too, which widens the bracket.

No number of policies explains episodes that conflict with themselves; they are left out by the caller.

Source: Hu, Wang, Du (arXiv 2506.09202), Section 4 (clusterings as colourings); Brelaz: New methods to color the
vertices of a graph, CACM 1979 (DSATUR, by networkx); the bracket is the project's own.
"""

from __future__ import annotations

import networkx as nx
import numpy as np
from jaxtyping import Bool


def bracket(
    sure: Bool[np.ndarray, "episodes episodes"], possible: Bool[np.ndarray, "episodes episodes"]
) -> tuple[int, int]:
    """Least and greatest number of policies: a clique of the sure conflicts, a colouring of the possible ones.

    Args:
        sure: Symmetric, without conflicts of episodes with themselves; one episode or more.
        possible: Likewise; conflicts that are sure are possible.
    """
    colours = nx.greedy_color(nx.from_numpy_array(possible), strategy="DSATUR")
    return largest_clique(sure), max(colours.values()) + 1


def largest_clique(adjacent: Bool[np.ndarray, "vertices vertices"]) -> int:
    """Size of the largest clique found from any vertex by adding the one that leaves most candidates."""
    return max(_clique_from(adjacent, vertex) for vertex in range(len(adjacent)))


def _clique_from(adjacent: Bool[np.ndarray, "vertices vertices"], vertex: int) -> int:
    size, candidates = 1, np.flatnonzero(adjacent[vertex])
    while len(candidates):
        common = adjacent[np.ix_(candidates, candidates)].sum(axis=1)
        candidates = candidates[adjacent[candidates[common.argmax()], candidates]]
        size += 1
    return size
