import torch

from stages.training.rows import Rows
from stages.training.seedwise_rows import SeedwiseRows


def test_a_row_has_what_all_seeds_share_and_what_is_its_seeds_own():
    shared = Rows({"number": torch.arange(5.0)})
    column = torch.arange(10.0).view(2, 5, 1) * torch.tensor([1.0, -1.0])
    rows = SeedwiseRows(shared, {"own": column})
    assert len(rows) == 5 and rows.device == shared.device
    index = torch.tensor([[4, 0, 4], [1, 2, 3]])
    batch = rows.gather(index)
    assert batch["number"].shape == (2, 1, 3, 1) and batch["own"].shape == (2, 1, 3, 2)
    assert torch.equal(batch["number"][:, 0, :, 0].long(), index)
    for seed in range(2):
        assert torch.equal(batch["own"][seed, 0], column[seed, index[seed]])
