import networkx as nx
import numpy as np
import pytest

from stages.environments.extra import AGENT_AT, GOAL_AT, OBSTACLES, REACHED, SPECIALS, Extra, ExtraSettings
from stages.environments.gridworld import DOWN, LEFT, MOVES, RIGHT, STAY, UP
from stages.generators.gridworld_rules import DIAGONAL_RULES, DIAGONAL_TABLES, EXTRA_RULES, TAKEBALL_RULES


@pytest.mark.parametrize(
    ("policy", "cell", "action"),
    [
        ("rightfirst", (2, 3), RIGHT),
        ("rightfirst", (2, 7), DOWN),
        ("downfirst", (2, 3), DOWN),
        ("downfirst", (7, 3), RIGHT),
        ("balanced", (3, 2), RIGHT),
        ("balanced", (3, 3), DOWN),
        ("balanced", (7, 3), RIGHT),
        ("zigzag1", (2, 2), RIGHT),
        ("zigzag1", (2, 3), DOWN),
        ("zigzag1", (3, 7), DOWN),
        ("zigzag2", (2, 2), DOWN),
        ("zigzag2", (2, 3), RIGHT),
        ("zigzag2", (7, 5), RIGHT),
    ],
)
def test_rules_of_diagonal(policy, cell, action):
    assert DIAGONAL_RULES[policy](np.array([cell])) == [action]


def test_policies_of_diagonal_differ_and_stay_at_the_goal():
    inner = {name: table[1:7, 1:7] for name, table in DIAGONAL_TABLES.items()}
    assert len({table.tobytes() for table in inner.values()}) == 7
    assert all(set(table.ravel()) <= {RIGHT, DOWN} for table in inner.values())
    assert all(table[7, 7] == STAY for table in DIAGONAL_TABLES.values())


@pytest.mark.parametrize(
    ("ball", "cell", "action"),
    [
        (1, (7, 1), UP),
        (1, (5, 6), UP),
        (1, (4, 2), RIGHT),
        (1, (2, 6), LEFT),
        (1, (3, 3), UP),
        (1, (1, 2), RIGHT),
        (1, (1, 4), LEFT),
        (1, (1, 6), DOWN),
        (3, (1, 2), DOWN),
        (0, (3, 5), LEFT),
    ],
)
def test_rules_of_takeball_before_the_pickup(ball, cell, action):
    assert TAKEBALL_RULES[f"ball {ball}"](np.array([[*cell, 1, 3, 5, 7, -1]])) == [action]


def test_balls_are_followed_where_they_lie():
    assert TAKEBALL_RULES["ball 0"](np.array([[3, 4, 7, 1, 3, 5, -1]])) == [RIGHT]


def test_with_a_ball_all_go_the_balanced_way():
    cells = np.argwhere(np.ones((7, 7))) + 1
    situations = np.column_stack([cells, np.zeros((49, 4), dtype=int), np.zeros(49, dtype=int)])
    for rule in TAKEBALL_RULES.values():
        np.testing.assert_array_equal(rule(situations), DIAGONAL_RULES["balanced"](cells))


def graph(walls):
    """The free cells of Extra, joined where they touch."""
    grid = nx.grid_2d_graph(range(1, 6), range(1, 6))
    grid.remove_nodes_from([tuple(wall) for wall in walls])
    return grid


def distance(grid, start, end):
    return nx.shortest_path_length(grid, start, end) if end in grid and nx.has_path(grid, start, end) else np.inf


def nearest(situation, name):
    """The free cells of a policy and where it is going, by its definition."""
    goal = tuple(situation[GOAL_AT])
    specials = situation[SPECIALS].reshape(2, 2)[situation[REACHED] == 0].tolist()
    walls = situation[OBSTACLES].reshape(5, 2).tolist()
    targets = [goal]
    if name == "bad":
        walls += specials
    elif name == "good":
        grid = graph([*walls, goal])
        reachable = [tuple(s) for s in specials if distance(grid, tuple(situation[AGENT_AT]), tuple(s)) < np.inf]
        walls, targets = ([*walls, goal], reachable) if reachable else (walls, targets)
    return graph(walls), targets


@pytest.mark.parametrize("name", list(EXTRA_RULES))
def test_rules_of_extra_take_the_first_of_the_shortest_ways(name):
    task = Extra(ExtraSettings())
    task.reset(300, np.random.default_rng(0))
    task.situation[:, REACHED] = np.random.default_rng(1).integers(2, size=(300, 2))
    for situation, action in zip(task.situation, EXTRA_RULES[name](task.situation), strict=True):
        grid, targets = nearest(situation, name)
        agent = tuple(situation[AGENT_AT].tolist())
        to_go = min(distance(grid, agent, target) for target in targets)
        if to_go == np.inf:
            assert action == STAY
            continue
        onward = {move: tuple((MOVES[move] + agent).tolist()) for move in (UP, LEFT, RIGHT, DOWN)}
        shortest = [
            move
            for move, cell in onward.items()
            if cell in grid and min(distance(grid, cell, target) for target in targets) == to_go - 1
        ]
        assert action == shortest[0]
