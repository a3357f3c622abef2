import torch

from stages.agents.home import home_unless_better

HOME = torch.tensor([1])
ALL = torch.ones(1, 1, 3, dtype=torch.bool)


def followed(of_folds: list[list[float]], allowed: torch.Tensor = ALL, errors: float = 2.0) -> int:
    """The cluster followed at a single state, from the values that each fold's network gives the three clusters."""
    return int(home_unless_better(torch.tensor([of_folds])[:, :, None], HOME, allowed, errors))


def test_home_is_followed_where_nothing_is_better():
    assert followed([[0.0, 1.0, 0.5], [0.1, 1.0, 0.4]]) == 1


def test_home_is_left_for_what_all_networks_find_better():
    assert followed([[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]) == 2


def test_home_is_left_only_beyond_the_jackknife_error_of_the_gain():
    # Gains of 1 and 3: mean 2, error sqrt(1 / 2 * 2) = 1.
    folds = [[0.0, 1.0, 2.0], [0.0, 1.0, 4.0]]
    assert followed(folds, errors=1.99) == 2
    assert followed(folds, errors=2.01) == 1


def test_values_that_all_clusters_share_make_no_error():
    assert followed([[0.0, 1.0, 2.0], [10.0, 11.0, 12.0]]) == 2


def test_what_is_not_allowed_is_not_followed_but_home_always_is():
    better = [[3.0, 1.0, 2.0], [3.0, 1.0, 2.0]]
    assert followed(better, torch.tensor([[[False, False, True]]])) == 2
    assert followed(better, torch.tensor([[[False, False, False]]])) == 1


def test_the_clearest_gain_wins_for_every_state_and_seed():
    values = torch.tensor([[[[0.0, 0.0], [1.0, 0.0]]] * 2, [[[0.0, 1.0], [0.0, -1.0]]] * 2])
    allowed = torch.ones(2, 2, 2, dtype=torch.bool)
    assert home_unless_better(values, torch.tensor([1, 0]), allowed, 1.0).tolist() == [[1, 0], [1, 0]]
