import math

import numpy as np
import pytest
from pydantic import ValidationError

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.safety.segments.partition import DESIRABLE, LEFT_OUT, UNDESIRABLE, Partition, label, partition
from stages.safety.segments.settings import PartitionSettings
from tests.synthetic import dataset_of

LENGTH = 4


def priced(rewards, costs):
    """Episodes of four steps with the given reward and cost per step of each."""
    rewards, costs = np.repeat(rewards, LENGTH).astype(float), np.repeat(costs, LENGTH).astype(np.float32)
    steps = len(rewards)
    return dataset_of(
        np.arange(steps, dtype=float)[:, None], np.zeros((steps, 1)), rewards, [LENGTH] * (steps // LENGTH), costs=costs
    )


def shares(x, y, kappa=0.7):
    return PartitionSettings(desirable_share=x, undesirable_share=y, least_weight=kappa)


def test_the_best_of_the_safe_are_desirable_the_rest_and_the_unsafe_are_not():
    returns, costs = np.array([1.0, 5.0, 3.0, 9.0, 2.0]), np.array([0.0, 1.0, 2.0, 3.0, 0.0])
    labels, weights = label(returns, costs, 2.0, shares(0.5, 0.25))
    assert labels.tolist() == [UNDESIRABLE, DESIRABLE, DESIRABLE, UNDESIRABLE, LEFT_OUT]
    assert weights[[0, 1, 3]].tolist() == [1, 1, 1]
    assert weights[2] == pytest.approx(0.7 + 0.3 * 0.5)


def test_where_shares_overlap_undesirable_wins():
    labels, weights = label(np.array([0.0, 1.0, 2.0]), np.zeros(3), 0.0, shares(1.0, 0.5))
    assert labels.tolist() == [UNDESIRABLE, UNDESIRABLE, DESIRABLE]
    assert weights.tolist() == pytest.approx([1.0, 0.7 + 0.3 * 0.5, 1.0])


def test_no_safe_one_is_undesirable_where_its_share_is_zero():
    labels, _ = label(np.arange(5.0), np.array([0, 0, 0, 0, 9.0]), 1.0, shares(0.5, 0.0))
    assert labels.tolist() == [LEFT_OUT, LEFT_OUT, DESIRABLE, DESIRABLE, UNDESIRABLE]


def test_equal_returns_are_told_apart_by_chance_and_weigh_the_same():
    labels, weights = label(np.ones(100), np.zeros(100), 1.0, shares(0.5, 0.5))
    assert (labels == DESIRABLE).sum() == (labels == UNDESIRABLE).sum() == 50
    assert 10 < (labels[:50] == DESIRABLE).sum() < 40
    np.testing.assert_allclose(weights, 0.7 + 0.3 * 0.5, rtol=1e-6)


@pytest.mark.parametrize("x", [0.1, 0.25, 1.0])
def test_shares_are_rounded_up(x):
    labels, _ = label(np.arange(7.0), np.zeros(7), 0.0, shares(x, 0.0))
    assert (labels == DESIRABLE).sum() == math.ceil(7 * x)


def test_labels_by_segment_and_by_episode_differ_where_costs_are_uneven():
    costs = np.array(
        [0, 0, 3, 3, 0, 0, 0, 0], dtype=np.float32
    )  # the first episode breaks the limit in its second half
    dataset = dataset_of(np.zeros((8, 1)), np.zeros((8, 1)), np.ones(8), [4, 4], costs=costs)
    common = {"cost_limits": (2.0,), "segment_length": 2, "stride": 2, "desirable_share": 1.0, "undesirable_share": 0.0}
    by_segment = partition(dataset, PartitionSettings(labels_by="segment", **common))
    by_episode = partition(dataset, PartitionSettings(labels_by="episode", **common))
    assert by_segment.segments.first_rows(dataset).tolist() == [0, 2, 4, 6]
    assert by_segment.labels.tolist() == [[DESIRABLE, UNDESIRABLE, DESIRABLE, DESIRABLE]]
    assert by_episode.labels.tolist() == [[UNDESIRABLE, UNDESIRABLE, DESIRABLE, DESIRABLE]]
    assert by_segment.facts["limits"][0]["desirable_of_unsafe_episodes"] == pytest.approx(1 / 3)
    assert by_episode.facts["limits"][0]["desirable_of_unsafe_episodes"] == 0


def test_a_segment_has_its_share_of_the_limit():
    dataset = priced([1, 1, 1], [1, 2, 3])
    common = {"cost_limits": (8.0,), "desirable_share": 1.0, "undesirable_share": 0.0}
    settings = PartitionSettings(labels_by="segment", segment_ratio=0.5, **common)
    made = partition(dataset, settings)
    assert made.segments.length == 2
    safe = (made.labels[0] == DESIRABLE).tolist()
    assert safe == (made.segments.episodes < 2).tolist()  # cost 2, 4 and 6 in two steps under the limit 4


def test_limits_are_independent_of_each_other():
    dataset = priced(np.arange(6), np.arange(6))
    every = partition(
        dataset, PartitionSettings(cost_limits=(0.0, 8.0, 16.0), segment_ratio=0.5, undesirable_share=0.0)
    )
    alone = partition(dataset, PartitionSettings(cost_limits=(8.0,), segment_ratio=0.5, undesirable_share=0.0))
    np.testing.assert_array_equal(every.labels[1], alone.labels[0])
    np.testing.assert_array_equal(every.weights[1], alone.weights[0])


@pytest.mark.parametrize("labels_by", ["segment", "episode"])
def test_under_a_limit_of_zero_only_what_is_free_is_desirable(labels_by):
    dataset = priced([1, 2, 3, 4], [0, 0, 0.5, 1])
    made = partition(dataset, PartitionSettings(cost_limits=(0.0,), labels_by=labels_by, segment_ratio=0.5))
    desirable = np.unique(made.segments.episodes[made.labels[0] == DESIRABLE])
    assert len(desirable) > 0
    assert set(desirable) <= {0, 1}


def test_a_saved_partition_is_read_back(tmp_path):
    dataset = priced(np.arange(6), np.arange(6))
    made = partition(dataset, PartitionSettings(cost_limits=(8.0, 12.0), segment_ratio=0.5))
    made.artifact().save(tmp_path / "partition.safetensors")
    read = Partition.load(Artifact.load(tmp_path / "partition.safetensors"))
    assert (read.limits, read.segments.length, read.facts) == (made.limits, made.segments.length, made.facts)
    np.testing.assert_array_equal(read.labels, made.labels)
    np.testing.assert_array_equal(read.segments.first_rows(dataset), made.segments.first_rows(dataset))
    with pytest.raises(UserError, match="holds no partition"):
        Partition.load(Artifact({}, {"kind": "safe"}))


@pytest.mark.parametrize(
    ("costs", "settings", "words"),
    [
        ([1, 2, 3], {"cost_limits": (2.0,)}, "no episode is safe under the cost limit 2, the cheapest costs 4"),
        ([0, 1, 2], {"cost_limits": (8.0,)}, "no episode is unsafe under the cost limit 8, the dearest costs 8"),
        ([0, 1, 2], {"cost_limits": (4.0,), "segment_length": 5}, "longer than every episode, the longest has 4"),
        ([0, 1, 2], {}, "no cost limits are known for an unnamed environment"),
    ],
)
def test_what_cannot_be_partitioned_is_refused_in_one_line(costs, settings, words):
    with pytest.raises(UserError, match=words) as found:
        partition(priced([1, 1, 1], costs), PartitionSettings(**settings), place="data.hdf5")
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("limits", [(1.0,), None])
def test_without_costs_or_with_a_negative_limit_nothing_is_partitioned(limits):
    dataset = dataset_of(np.zeros((4, 1)), np.zeros((4, 1)), np.ones(4), [4])
    with pytest.raises(UserError, match="needs costs"):
        partition(dataset, PartitionSettings(cost_limits=limits))
    with pytest.raises(ValidationError):
        PartitionSettings(cost_limits=(-1.0,))


def test_safe_episodes_that_are_all_too_short_are_refused():
    costs = np.array([0, 0, 1, 1, 1, 1], dtype=np.float32)
    dataset = dataset_of(np.zeros((6, 1)), np.zeros((6, 1)), np.ones(6), [2, 4], costs=costs)
    with pytest.raises(UserError, match="no segment of 4 steps is desirable under the cost limit 1"):
        partition(dataset, PartitionSettings(cost_limits=(1.0,), labels_by="episode", segment_ratio=1.0))
