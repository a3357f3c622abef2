import numpy as np
import torch

from stages.algorithms.cross_covariance.cluster_draws import ClusterDraws

LABELS = torch.tensor([[0, 1, 1, 0, 2, 1, 1, 1, 1, 1], [1, 1, 1, 1, 1, 0, 0, 0, 0, 0]])


def drawn(seeds=(3, 5), labels=LABELS, position: int = 0) -> torch.Tensor:
    draws = ClusterDraws(list(seeds), labels, 4, 200)
    return draws.chunk(200 * position, 200 * (position + 1), torch.device("cpu"))["index"]


def test_a_batch_is_of_one_cluster_and_all_rows_are_equally_likely():
    index = torch.cat([drawn(position=position) for position in range(30)])
    for seed in range(2):
        assert (LABELS[seed][index[:, seed]].diff(dim=1) == 0).all()
        shares = np.bincount(index[:, seed].flatten(), minlength=10) / index[:, seed].numel()
        np.testing.assert_allclose(shares, 0.1, atol=0.012)


def test_a_cluster_smaller_than_a_batch_is_drawn_with_replacement():
    index = drawn()[:, 0]
    tiny = index[(LABELS[0][index] == 2).all(1)]
    assert len(tiny) > 5
    assert (tiny == 4).all()


def test_a_seed_draws_the_same_alone_and_anew():
    assert torch.equal(drawn()[:, 1:], drawn((5,), LABELS[1:]))
    assert torch.equal(drawn(position=3), drawn(position=3))
    assert not torch.equal(drawn(), drawn(position=1))


def test_labels_changed_in_place_count_from_the_next_chunk_on():
    labels = LABELS.clone()
    draws = ClusterDraws([3, 5], labels, 4, 10)
    labels.fill_(0)
    labels[:, 0] = 1
    index = draws.chunk(10, 20, torch.device("cpu"))["index"]
    assert (labels[0][index[:, 0]].diff(dim=1) == 0).all()
