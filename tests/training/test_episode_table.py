import torch

from stages.training.episode_table import EpisodeTable


def batch_of(episodes: torch.Tensor) -> dict[str, torch.Tensor]:
    return {"episode": episodes[:, None, :, None].float()}


def test_each_seed_looks_up_its_own_values():
    values = torch.randn(3, 5, 2, generator=torch.Generator().manual_seed(0))
    episodes = torch.tensor([[0, 4, 4], [1, 2, 3], [3, 0, 1]])
    found = EpisodeTable(values).rows_of(batch_of(episodes))
    assert found.shape == (3, 1, 3, 2)
    for seed in range(3):
        torch.testing.assert_close(found[seed, 0], values[seed, episodes[seed]])


def test_changes_in_place_are_seen():
    values = torch.zeros(1, 2, 1)
    table = EpisodeTable(values)
    values[0, 1] = 7.0
    assert table.rows_of(batch_of(torch.tensor([[0, 1]])))[0, 0, :, 0].tolist() == [0.0, 7.0]


def test_one_hot_assignment():
    table = EpisodeTable.one_hot(torch.tensor([[2, 0, 1], [1, 1, 1]]), 3, torch.device("cpu"))
    assert table.width == 3
    assert table.values.argmax(-1).tolist() == [[2, 0, 1], [1, 1, 1]]
    assert torch.equal(table.values.sum(-1), torch.ones(2, 3))
