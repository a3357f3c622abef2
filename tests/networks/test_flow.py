import torch

from stages.networks.flow import euler, flow_loss


def test_the_loss_of_the_true_velocity_is_zero_where_there_is_one_datum():
    random = torch.Generator().manual_seed(0)
    noise, times = torch.randn(50, 2, generator=random), torch.rand(50, 1, generator=random) * 0.9
    data = torch.tensor([[0.3, -0.6]]).expand(50, 2)
    loss = flow_loss(lambda points, at: (data - points) / (1 - at), noise, data, times)
    torch.testing.assert_close(loss, torch.zeros(50), atol=1e-8, rtol=0)
    wrong = flow_loss(lambda points, at: (data - points) / (1 - at) + 2, noise, data, times)
    torch.testing.assert_close(wrong, torch.full((50,), 4.0))


def test_noise_ends_up_where_straight_lines_lead():
    noise = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(euler(lambda points, times: torch.ones_like(points), noise, 7), noise + 1)


def test_steps_are_eulers():
    # dx/dt = x: each of n steps multiplies by 1 + 1/n.
    torch.testing.assert_close(euler(lambda points, times: points, torch.ones(1, 1), 4), torch.full((1, 1), 1.25**4))
    seen = []
    euler(lambda points, times: seen.append(times.item()) or points, torch.ones(1, 1), 4)
    assert seen == [0.0, 0.25, 0.5, 0.75]
