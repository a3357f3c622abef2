import torch

from stages.cloning.kept import Kept
from stages.networks.ensemble import Ensemble

ENSEMBLE = Ensemble((2, 3), num_seeds=2, num_members=2)


def filled(value: float) -> torch.Tensor:
    return torch.full((ENSEMBLE.num_parameters,), float(value))


def first_weights(kept: Kept) -> list[float]:
    return ENSEMBLE.views(kept.parameters)[0][:, 0, 0].tolist()


def test_every_network_is_kept_from_its_best_moment():
    kept = Kept(ENSEMBLE, filled(0), patience=10)
    kept.offer(filled(1), torch.tensor([[3.0, 3.0], [3.0, 3.0]]))
    kept.offer(filled(2), torch.tensor([[2.0, 4.0], [3.0, 1.0]]))
    assert first_weights(kept) == [2, 1, 1, 2]
    assert kept.error.tolist() == [[2, 3], [3, 1]]
    assert kept.best.tolist() == [[2, 1], [1, 2]]


def test_a_network_out_of_patience_is_changed_no_more():
    kept = Kept(ENSEMBLE, filled(0), patience=2)
    kept.offer(filled(1), torch.full((2, 2), 3.0))
    kept.offer(filled(2), torch.tensor([[4.0, 2.0], [2.0, 2.0]]))
    kept.offer(filled(3), torch.tensor([[4.0, 1.0], [1.0, 1.0]]))
    assert kept.settled.tolist() == [[True, False], [False, False]]
    kept.offer(filled(4), torch.zeros(2, 2))
    assert first_weights(kept) == [1, 4, 4, 4]


def test_what_is_kept_at_the_start_is_a_copy():
    parameters = filled(0)
    kept = Kept(ENSEMBLE, parameters, patience=2)
    parameters.fill_(5)
    assert first_weights(kept) == [0] * 4
