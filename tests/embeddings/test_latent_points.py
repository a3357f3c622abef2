"""Points lie where they say."""

from __future__ import annotations

import torch

from stages.embeddings.latent_points import Point, beside, level_means, on_lines

VECTORS = torch.arange(24.0).view(2, 4, 3)
LEVELS = torch.tensor([0, 1, 0, 1])


def test_means_are_of_each_levels_episodes():
    found = level_means(VECTORS, LEVELS)
    torch.testing.assert_close(found[:, 1], (VECTORS[:, 1] + VECTORS[:, 3]) / 2)
    assert found.shape == (2, 2, 3)


def test_lines_lead_from_each_level_to_the_next_and_from_the_first_to_the_last():
    assert on_lines([1, 0], 3) == [Point(1, 0.0, other=0), Point(1, 0.5, other=0), Point(1, 1.0, other=0)]
    assert [(point.level, point.other) for point in on_lines([2, 0, 1], 2)[::2]] == [(2, 0), (0, 1), (2, 1)]
    assert on_lines([0], 3) == []


def test_points_lie_on_the_line_or_beside_the_level():
    means = level_means(VECTORS, LEVELS)
    middle = Point(0, 0.25, other=1).vector(means)
    torch.testing.assert_close(middle, 0.75 * means[:, 0] + 0.25 * means[:, 1])
    points = beside(1, 3, (-1.0, 2.0))
    assert points[0] == Point(1, 0.0) and len(points) == 7
    moved = points[-1].vector(means) - means[:, 1]
    assert points[-1] == Point(1, 2.0, dimension=2) and moved.tolist() == [[0, 0, 2]] * 2
