import numpy as np
import pytest
import torch

from stages.training.draws import Draws, EpochDraws, UniformDraws

CPU = torch.device("cpu")
BLOCK = list(range(10))


def uniform(seeds, **options) -> UniformDraws:
    return UniformDraws(seeds, 1000, 16, chunk_steps=8, noise={"first": 2, "second": 3}, **options)


def epochs(seeds, **options) -> EpochDraws:
    return EpochDraws(seeds, 100, 7, noise={"first": 2}, **options)


@pytest.mark.parametrize("make", [uniform, epochs])
def test_a_seed_draws_the_same_alone_and_in_a_block_of_ten(make):
    block, alone = make(BLOCK), make([6])
    for start in (0, block.chunk_steps):
        together = block.chunk(start, start + 5, CPU)
        single = alone.chunk(start, start + 5, CPU)
        assert together.keys() == single.keys()
        for name, values in single.items():
            assert torch.equal(together[name][:, 6:7], values), name


@pytest.mark.parametrize("make", [uniform, epochs])
def test_starting_inside_a_chunk_continues_it(make):
    draws = make([0, 3])
    size = draws.chunk_steps
    whole = draws.chunk(size, 2 * size, CPU)
    late = draws.chunk(size + 3, 2 * size, CPU)
    for name, values in whole.items():
        assert torch.equal(values[3:], late[name]), name


@pytest.mark.parametrize("make", [uniform, epochs])
def test_chunks_seeds_and_noises_differ(make):
    draws = make([0, 1])
    size = draws.chunk_steps
    first, second = draws.chunk(0, size, CPU), draws.chunk(size, 2 * size, CPU)
    for name in first:
        assert not torch.equal(first[name], second[name]), name
        assert not torch.equal(first[name][:, 0], first[name][:, 1]), name


def test_shapes_ranges_and_ends_of_chunks():
    draws = uniform([0, 1, 2])
    chunk = draws.chunk(8, 16, CPU)
    assert chunk["index"].shape == (8, 3, 16)
    assert chunk["first"].shape == (8, 3, 1, 16, 2)
    assert chunk["second"].shape == (8, 3, 1, 16, 3)
    assert chunk["index"].min() >= 0
    assert chunk["index"].max() < 1000
    assert [draws.end_of_chunk(step) for step in (0, 7, 8, 15, 16)] == [8, 8, 16, 16, 24]


def test_noise_is_standard_normal_and_rows_are_uniform():
    draws = UniformDraws(range(4), 100, 100, chunk_steps=100, noise={"noise": 2})
    chunk = draws.chunk(0, 100, CPU)
    assert abs(chunk["noise"].mean()) < 0.02
    assert abs(chunk["noise"].std() - 1) < 0.02
    np.testing.assert_allclose(np.bincount(chunk["index"].numpy().ravel()) / 400, 1, atol=0.25)


def test_an_epoch_visits_every_row_once():
    draws = EpochDraws([2, 5], 96, 8)
    assert draws.steps_per_epoch == 12
    for epoch in range(3):
        index = draws.chunk(epoch * 12, (epoch + 1) * 12, CPU)["index"]
        for seed in range(2):
            assert sorted(index[:, seed].flatten().tolist()) == list(range(96))


def test_an_incomplete_last_batch_is_left_out_but_not_always_the_same_rows():
    draws = EpochDraws([0], 10, 4)
    assert draws.steps_per_epoch == 2
    visited = [set(draws.chunk(2 * epoch, 2 * epoch + 2, CPU)["index"].flatten().tolist()) for epoch in range(20)]
    assert all(len(rows) == 8 for rows in visited)
    assert set().union(*visited) == set(range(10))


def test_purposes_give_different_orders():
    first, second = (EpochDraws([0], 50, 50, purpose=purpose).chunk(0, 1, CPU)["index"] for purpose in ("a", "b"))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("kind", [UniformDraws, EpochDraws])
def test_a_batch_larger_than_the_dataset_is_the_dataset(kind: type[Draws]):
    draws = kind([0], 5, 64)
    assert draws.batch_size == 5
    assert draws.chunk(0, 1, CPU)["index"].shape == (1, 1, 5)
