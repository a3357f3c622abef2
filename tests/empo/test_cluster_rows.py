import pytest
import torch

from stages.empo.cluster_rows import ClusterRows

OBSERVATIONS = torch.arange(20.0)[:, None].expand(20, 2).clone()


def rows_of(*labels: list[int], num_clusters: int = 3) -> ClusterRows:
    return ClusterRows(torch.tensor(labels), num_clusters, OBSERVATIONS)


LABELS = ([0, 1, 1, 2] * 5, [2] * 19 + [0])


def test_every_row_is_in_its_own_cluster_once():
    rows = rows_of(*LABELS)
    assert rows.num_rows == 19
    for seed, labels in enumerate(LABELS):
        for z in range(3):
            real = rows.weights[seed, z] > 0
            assert rows.index[seed, z, real].tolist() == [row for row, label in enumerate(labels) if label == z]


def test_weights_of_a_cluster_sum_to_one_and_of_an_empty_one_to_zero():
    sums = rows_of(*LABELS).weights.sum(-1)
    torch.testing.assert_close(sums, torch.tensor([[1.0, 1, 1], [1, 0, 1]]))


@pytest.mark.parametrize("size", [1, 4, 19, 100])
def test_chunks_are_all_rows_in_order(size):
    rows = rows_of(*LABELS)
    chunks = list(rows.chunks(size))
    assert all(chunk.observations.shape[2] <= size for chunk in chunks)
    torch.testing.assert_close(torch.cat([chunk.observations for chunk in chunks], dim=2), OBSERVATIONS[rows.index])
    torch.testing.assert_close(torch.cat([chunk.weights for chunk in chunks], dim=2), rows.weights)


def test_each_cluster_follows_its_own_order():
    rows = rows_of(*LABELS)
    order = torch.randint(0, 19, (2, 3, 7), generator=torch.Generator().manual_seed(0))
    chunks = list(rows.chunks(5, order))
    assert [chunk.observations.shape[2] for chunk in chunks] == [5, 2]
    seen = torch.cat([chunk.observations for chunk in chunks], dim=2)
    weights = torch.cat([chunk.weights for chunk in chunks], dim=2)
    for seed in range(2):
        for z in range(3):
            members = order[seed, z]
            torch.testing.assert_close(seen[seed, z], OBSERVATIONS[rows.index[seed, z, members]])
            torch.testing.assert_close(weights[seed, z], rows.weights[seed, z, members])


def test_values_are_standardised_over_each_cluster_alone():
    rows = rows_of(*LABELS)
    values = 5 + 3 * torch.randn(2, 3, 19, generator=torch.Generator().manual_seed(0))
    found = rows.standardised(values)
    for seed in range(2):
        for z in range(3):
            real = rows.weights[seed, z] > 0
            if real.sum() > 1:
                weights = values[seed, z, real]
                expected = (weights - weights.mean()) / weights.std(correction=0)
                torch.testing.assert_close(found[seed, z, real], expected, rtol=1e-4, atol=1e-4)
    assert found.isfinite().all()
