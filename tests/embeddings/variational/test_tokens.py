import torch

from stages.embeddings.variational.tokens import Tokens
from tests.synthetic import make_episodes


def test_every_stride_th_step_is_a_token():
    dataset = make_episodes([5, 1, 8])
    values = torch.arange(14.0).view(1, 14, 1)
    tokens = Tokens.of(values, dataset, 3)
    assert tokens.values[0, :, :, 0].tolist() == [[0, 3, 0], [5, 0, 0], [6, 9, 12]]
    assert tokens.mask[0].tolist() == [[True, True, False], [True, False, False], [True, True, True]]
    assert tokens.slice(0, 2).values.shape == (1, 2, 2, 1)


def test_each_seed_picks_its_episodes():
    dataset = make_episodes([2, 2])
    values = torch.arange(8.0).view(2, 4, 1)
    picked = Tokens.of(values, dataset, 1).at(torch.tensor([[1], [0]]))
    assert picked.values[..., 0].tolist() == [[[2, 3]], [[4, 5]]]
    alike = Tokens.of(values[:1], dataset, 1).at(torch.tensor([[1], [0]]))
    assert alike.values[..., 0].tolist() == [[[2, 3]], [[0, 1]]]
