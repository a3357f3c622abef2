import networkx as nx
import numpy as np
import pytest

from stages.diagnosis.conflict_graph import bracket, largest_clique


def matrix(graph):
    return nx.to_numpy_array(graph).astype(bool)


def shuffled(adjacent, seed=0):
    order = np.random.default_rng(seed).permutation(len(adjacent))
    return adjacent[np.ix_(order, order)]


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        (nx.complete_multipartite_graph(4, 7, 2, 5), (4, 4)),
        (nx.complete_graph(6), (6, 6)),
        (nx.empty_graph(5), (1, 1)),
        (nx.cycle_graph(8), (2, 2)),
        (nx.cycle_graph(7), (2, 3)),
        (nx.petersen_graph(), (2, 3)),
        (nx.empty_graph(1), (1, 1)),
    ],
    ids=["four policies", "all differ", "no conflict", "even cycle", "odd cycle", "petersen", "one episode"],
)
def test_bracket_of_known_graphs(graph, expected):
    for seed in range(3):
        adjacent = shuffled(matrix(graph), seed)
        assert bracket(adjacent, adjacent) == expected


def test_a_planted_partition_is_bracketed():
    """Random conflicts between five groups and none inside: at most five colours are needed, and seldom fewer."""
    random = np.random.default_rng(1)
    group = random.integers(0, 5, 150)
    drawn = np.triu(random.random((150, 150)) < 0.6) & (group[:, None] != group)
    adjacent = drawn | drawn.T
    lower, upper = bracket(adjacent, adjacent)
    assert 4 <= lower <= 5 <= upper <= 8


def test_what_is_only_possible_widens_the_bracket():
    sure, possible = matrix(nx.complete_multipartite_graph(3, 3, 3)), matrix(nx.complete_graph(9))
    assert bracket(sure, possible) == (3, 9)
    assert largest_clique(sure) == 3
