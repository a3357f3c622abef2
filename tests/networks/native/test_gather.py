import pytest
import torch

from stages.networks.native.gather import gather


@pytest.mark.parametrize("width", [1, 3, 16, 50])
@pytest.mark.parametrize("count", [0, 1, 17, 300])
def test_takes_the_rows_asked_for(native, width, count):
    random = torch.Generator().manual_seed(0)
    matrix = torch.randn(100, width, generator=random)
    index = torch.randint(100, (count,), generator=random)
    assert torch.equal(gather(native, matrix, index), matrix[index])


@pytest.mark.parametrize("outside", [-1, 100, 2**40])
def test_rows_that_are_not_there_are_refused(native, outside):
    with pytest.raises(IndexError, match=f"row {outside} of 100"):
        gather(native, torch.zeros(100, 3), torch.tensor([0, 99, outside]))


def test_what_does_not_fit_is_refused(native):
    for matrix, index in (
        (torch.zeros(10, 3).double(), torch.tensor([0])),
        (torch.zeros(10, 3), torch.tensor([0], dtype=torch.int32)),
        (torch.zeros(3, 10).mT, torch.tensor([0])),
        (torch.zeros(10, 3), torch.arange(8)[::2]),
    ):
        with pytest.raises(ValueError, match="float32"):
            gather(native, matrix, index)


def test_rows_take_the_shape_of_their_numbers_or_one_that_is_told(native):
    matrix, index = torch.arange(30.0).view(10, 3), torch.tensor([[1, 5, 9], [0, 0, 2]])
    assert torch.equal(gather(native, matrix, index), matrix[index])
    assert torch.equal(gather(native, matrix, index, (2, 1, 3)), matrix[index][:, None])
    with pytest.raises(ValueError, match="do not fill"):
        gather(native, matrix, index, (2, 1))
