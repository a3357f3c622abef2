import numpy as np
import pytest
import torch

from stages.training.rows import Rows
from stages.training.windows import WindowDraws, Windows

LENGTHS = np.array([3, 5, 3])  # the last is the first once more


def windows_of(length=4) -> Windows:
    steps = torch.arange(8.0)
    rows = Rows({"observations": torch.stack([steps, -steps], 1)})
    return Windows(rows, np.array([0, 3, 0]), np.array([3, 8, 3]), length)


def test_windows_stay_inside_their_episode():
    windows = windows_of()
    assert len(windows) == 11
    for number in range(11):
        batch = windows.gather(torch.tensor([[number]]))
        labelled = int(np.searchsorted(np.cumsum(LENGTHS), number, side="right"))
        time = number - (np.cumsum(LENGTHS) - LENGTHS)[labelled]
        real = min(4, LENGTHS[labelled] - time)
        begin = [0, 3, 0][labelled]
        assert batch["mask"][0, 0].tolist() == [1.0] * real + [0.0] * (4 - real)
        assert batch["times"][0, 0, :real].tolist() == list(range(time, time + real))
        assert batch["observations"][0, 0, :real, 0].tolist() == list(range(begin + time, begin + time + real))
        assert (batch["observations"][0, 0, real:, 0] == begin + LENGTHS[labelled] - 1).all()


def test_consecutive_windows_cut_every_episode_up():
    pairs = [(episode.tolist(), first.tolist()) for episode, first in windows_of(2).consecutive(4)]
    assert pairs == [([0, 0, 1, 1], [0, 2, 3, 5]), ([1, 2, 2], [7, 0, 2])]
    assert windows_of(2).per_episode.tolist() == [2, 3, 2]


def test_episodes_are_drawn_by_weight_and_steps_evenly():
    draws = WindowDraws([0], LENGTHS, np.array([1.0, 3.0, 0.0]), 5, 4000)
    drawn = draws.chunk(0, 4000, torch.device("cpu"))["index"].flatten()
    shares = np.bincount(drawn, minlength=11) / len(drawn)
    assert shares[:3] == pytest.approx(1 / 12, abs=0.01)
    assert shares[3:8] == pytest.approx(0.15, abs=0.01)
    assert (shares[8:] == 0).all()


def test_a_seed_draws_the_same_alone():
    both, alone = (WindowDraws(seeds, LENGTHS, np.ones(3), 5) for seeds in ([4, 2], [2]))
    assert np.array_equal(both.index_chunk(2, 3), alone.index_chunk(2, 3))
    assert not np.array_equal(both.index_chunk(2, 3), both.index_chunk(4, 3))
