import numpy as np
import torch

from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.autoencoders.window import EpisodeWindows, Window
from stages.training.job import Job
from tests.synthetic import make_episodes


def windows_of(lengths, length) -> tuple[EpisodeWindows, torch.Tensor]:
    """Windows of a dataset, and the network inputs of its steps."""
    dataset = make_episodes(lengths)
    rows = behaviour_rows(Job(dataset, [0]))
    return EpisodeWindows(rows, dataset, length), rows.matrix[:, :3]


def rows_inside(window: Window, observations: torch.Tensor) -> list[list[int]]:
    """Which rows of the dataset each window holds, for its first seed."""
    rows = []
    for place in range(window.mask.shape[2]):
        inside = window.observations[0, window.mask[0, :, place], place]
        rows.append([int((observations == row).all(-1).nonzero()) for row in inside])
    return rows


def test_consecutive_windows_hold_every_step_once():
    windows, observations = windows_of([1, 7, 3, 12], 5)
    found, episodes = [], []
    for indices, window in windows.consecutive(3):
        episodes += indices.tolist()
        found += rows_inside(window, observations)
    assert [row for rows in found for row in rows] == list(range(23))
    assert [len(rows) for rows in found] == [1, 5, 2, 3, 5, 5, 2]
    assert episodes == windows.episodes.tolist() == [0, 1, 1, 2, 3, 3, 3]


def test_random_windows_lie_inside_their_episodes_anywhere():
    windows, observations = windows_of([2, 9, 4], 4)
    noise = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 300))).float()
    episodes = torch.arange(300)[None] % 3
    rows = rows_inside(windows.at_random(episodes, noise), observations)
    assert all(row == list(range(row[0], row[0] + len(row))) for row in rows)
    assert {tuple(row) for row in rows[0::3]} == {(0, 1)}
    assert {row[0] for row in rows[1::3]} == set(range(2, 8))
    assert {len(row) for row in rows[1::3]} == {4}
    assert {tuple(row) for row in rows[2::3]} == {(11, 12, 13, 14)}


def test_extreme_noise_stays_inside():
    windows, observations = windows_of([6], 4)
    window = windows.at_random(torch.zeros(1, 2, dtype=torch.int64), torch.tensor([[-40.0, 40.0]]))
    assert rows_inside(window, observations) == [[0, 1, 2, 3], [2, 3, 4, 5]]


def test_a_window_is_never_longer_than_the_longest_episode():
    windows, _ = windows_of([2, 3], 100)
    assert windows.windows.length == 3
    assert windows.mean_steps == 2.5
    assert windows_of([1, 1], 100)[0].windows.length == 1
