import pytest
import torch

from stages.training.rows import Rows

pytestmark = pytest.mark.usefixtures("arithmetic")


def columns() -> dict[str, torch.Tensor]:
    random = torch.Generator().manual_seed(0)
    return {
        "observations": torch.randn(20, 3, generator=random),
        "rewards": torch.randn(20, generator=random, dtype=torch.float64),
        "episode": torch.arange(20),
    }


def test_gather_picks_rows_of_every_column():
    given, index = columns(), torch.tensor([[3, 3, 19, 0], [1, 2, 5, 7]])
    batch = Rows(given).gather(index)
    assert {name: tuple(values.shape) for name, values in batch.items()} == {
        "observations": (2, 1, 4, 3),
        "rewards": (2, 1, 4, 1),
        "episode": (2, 1, 4, 1),
    }
    for seed in range(2):
        for name, column in given.items():
            expected = column[index[seed]].reshape(4, -1).float()
            torch.testing.assert_close(batch[name][seed, 0], expected)


def test_chunk_is_a_run_of_rows():
    given = columns()
    chunk = Rows(given).chunk(5, 9)
    assert chunk["observations"].shape == (1, 1, 4, 3)
    torch.testing.assert_close(chunk["observations"][0, 0], given["observations"][5:9])
    torch.testing.assert_close(chunk["episode"][0, 0, :, 0], torch.arange(5, 9).float())


def test_length_and_type():
    rows = Rows(columns())
    assert len(rows) == 20
    assert rows.matrix.shape == (20, 5)
    assert rows.matrix.dtype == torch.float32


def test_large_episode_numbers_stay_exact():
    numbers = torch.tensor([0, 1, 2**24 - 1])
    assert torch.equal(Rows({"episode": numbers}).chunk(0, 3)["episode"][0, 0, :, 0].long(), numbers)


def test_rows_are_gathered_for_seeds_and_members():
    rows = Rows({"a": torch.arange(6.0), "b": torch.arange(12.0).view(6, 2)})
    batch = rows.gather(torch.tensor([[[0, 5], [3, 3]]]))
    assert batch["a"].shape == (1, 2, 2, 1)
    assert batch["b"][0, 1].tolist() == [[6, 7], [6, 7]]
