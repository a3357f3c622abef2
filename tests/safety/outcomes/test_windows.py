import numpy as np
import pytest
import torch

from stages.safety.outcomes.windows import OutcomeWindows, ShiftedWindows, ToGoScale
from stages.training.job import Job
from stages.training.rows import Rows
from tests.safety.two_speeds import two_speeds


def test_every_step_has_what_is_left_of_its_episode():
    dataset = two_speeds(episodes=4)
    data = OutcomeWindows.of(Job(dataset, [0]), 12, 0.0, 5.0)
    for episode, (first, length) in enumerate(zip(dataset.episode_starts, dataset.episode_lengths, strict=True)):
        batch = data.windows.gather(torch.tensor([[first]]))
        steps = slice(first, first + length)
        for name, values, mean, std in (
            ("returns_to_go", dataset.rewards, data.scale.return_mean, data.scale.return_std),
            ("costs_to_go", dataset.costs, data.scale.cost_mean, data.scale.cost_std),
        ):
            found = batch[name][0, 0, :length, 0] * std + mean
            left = values[steps][::-1].cumsum()[::-1]
            assert found.numpy() == pytest.approx(left, abs=1e-4), (episode, name)
        assert batch["any_cost"][0, 0, :length, 0].tolist() == (dataset.costs[steps] > 0).tolist()


def test_cheap_episodes_are_drawn_more_often_and_dear_ones_never():
    dataset = two_speeds()
    data = OutcomeWindows.of(Job(dataset, [0]), 3, 0.0, 8.0)
    costs = dataset.episode_costs
    assert data.weights[costs >= 9].tolist() == [0.0] * int((costs >= 9).sum())
    assert (np.diff(data.weights[np.argsort(costs)]) <= 0).all()
    assert (data.weights[costs == 0] == 9).all()


def test_relabelled_episodes_are_drawn_by_the_cost_they_are_told():
    dataset = two_speeds()
    data = OutcomeWindows.of(Job(dataset, [0]), 3, 1.0, 8.0)
    shifts = data.windows.shifts[:, 1].numpy() * float(data.scale.cost_std)
    remaining = 8.0 + 1 - data.weights[30:] - shifts[30:]
    drawn = data.weights[30:] > 0
    assert drawn.any()
    assert set(remaining[drawn].round(3)) <= set(dataset.episode_costs)


def test_an_overspent_budget_counts_as_spent():
    scale = ToGoScale.of(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 4.0]))
    assert scale.costs(torch.tensor([-3.0, 0.0, 2.0])).tolist() == [-1, -1, 0]
    assert scale.returns(torch.tensor([-1.0])).tolist() == [-3]


def test_costs_that_never_vary_stay_finite():
    scale = ToGoScale.of(torch.ones(3), torch.zeros(3))
    assert scale.costs(torch.tensor([5.0])).tolist() == [5]


def shifted_windows(length: int) -> ShiftedWindows:
    """Two episodes of 3 and 5 steps, and the first once more, said to return 100 and cost 7 more."""
    steps = torch.arange(8.0)
    rows = Rows({"observations": torch.stack([steps, -steps], 1), "returns_to_go": 10 * steps, "costs_to_go": steps})
    shifts = torch.tensor([[0.0, 0], [0, 0], [100, 7]])
    return ShiftedWindows(rows, np.array([0, 3, 0]), np.array([3, 8, 3]), length, shifts)


def test_shifts_are_added_to_what_is_to_go():
    batch = shifted_windows(2).gather(torch.tensor([[0, 8], [1, 9]]))
    assert batch["returns_to_go"].shape == (2, 2, 2, 1)
    torch.testing.assert_close(batch["returns_to_go"][:, 1], batch["returns_to_go"][:, 0] + 100)
    torch.testing.assert_close(batch["costs_to_go"][:, 1], batch["costs_to_go"][:, 0] + 7)
    torch.testing.assert_close(batch["observations"][:, 1], batch["observations"][:, 0])
