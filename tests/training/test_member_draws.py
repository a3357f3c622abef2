import numpy as np
import torch

from stages.training.member_draws import MemberDraws

POOLS = [[np.arange(0, 10)], [np.arange(10, 14), np.arange(20, 30)]]


def drawn(seeds, pools=POOLS, limits=(1.0, 2.0)):
    draws = MemberDraws(seeds, dict.fromkeys(seeds, pools), [f"test {limit}" for limit in limits], 5, chunk_steps=16)
    return draws.chunk(0, 16, torch.device("cpu"))["index"]


def test_every_member_draws_from_its_own_pools():
    index = drawn([0, 1])
    assert index.shape == (16, 2, 2, 5)
    assert index[:, :, 0].max() < 10
    assert ((index[:, :, 1, :3] >= 10) & (index[:, :, 1, :3] < 14)).all()
    assert (index[:, :, 1, 3:] >= 20).all()
    assert (index[:, 0] != index[:, 1]).any()


def test_draws_depend_on_seed_and_purpose_alone():
    both, alone = drawn([3, 5]), drawn([5], POOLS[1:], (2.0,))
    torch.testing.assert_close(both[:, 1, 1], alone[:, 0, 0])
