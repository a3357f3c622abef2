import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.datasets.episodes import PER_STEP, EpisodeDataset, concatenate

lengths = st.lists(st.integers(1, 6), min_size=1, max_size=8)


def numbered(sizes: list[int], **extra) -> EpisodeDataset:
    """Episodes whose rows carry the number of their episode and step."""
    rows = np.array([(e, t) for e, size in enumerate(sizes) for t in range(size)], dtype=np.float32)
    ends = np.zeros(len(rows), dtype=bool)
    ends[np.cumsum(sizes) - 1] = True
    truncated = ends & (rows[:, 0] % 2 == 1)
    return EpisodeDataset(
        observations=rows,
        actions=rows[:, :1],
        rewards=rows[:, 1],
        terminations=ends & ~truncated,
        truncations=truncated,
        next_observations=rows + np.float32([0, 1]),
        **extra,
    )


@given(lengths)
def test_episodes_are_found_from_their_ends(sizes):
    dataset = numbered(sizes)
    assert dataset.num_episodes == len(sizes)
    assert dataset.num_steps == sum(sizes)
    assert dataset.episode_lengths.tolist() == sizes
    assert dataset.episode_ends.tolist() == np.cumsum(sizes).tolist()
    assert (dataset.observations[dataset.episode_starts, 1] == 0).all()
    assert (dataset.episode_of_step == dataset.observations[:, 0]).all()
    assert dataset.episode_returns.tolist() == [size * (size - 1) / 2 for size in sizes]


@pytest.mark.parametrize("stride", [1, 2, 5])
def test_every_so_manieth_step_leaves_all_episodes_and_their_ends(stride: int):
    dataset = numbered([1, 4, 5, 11])
    kept = dataset.every(stride)
    assert kept.observations.tolist() == [[e, t] for e, t in dataset.observations.tolist() if t % stride == 0]
    for name in ("terminations", "truncations"):
        ends = getattr(kept, name)[kept.episode_ends - 1]
        assert np.array_equal(ends, getattr(dataset, name)[dataset.episode_ends - 1])


@given(lengths, st.data())
def test_selected_episodes_come_whole_and_in_order(sizes, data):
    labels = np.arange(len(sizes)) % 3
    dataset = numbered(sizes, behaviour_policy=labels, behaviour_policy_names=("a", "b", "c"))
    chosen = np.array(data.draw(st.lists(st.integers(0, len(sizes) - 1), max_size=10)), dtype=np.int64)
    picked = dataset.select(chosen)
    assert picked.episode_lengths.tolist() == [sizes[e] for e in chosen]
    assert picked.observations[picked.episode_starts, 0].tolist() == chosen.tolist()
    assert (np.diff(picked.observations[:, 1])[np.diff(picked.episode_of_step) == 0] == 1).all()
    assert picked.behaviour_policy.tolist() == labels[chosen].tolist()
    assert (picked.terminations | picked.truncations).sum() == len(chosen)


@given(st.lists(lengths, min_size=1, max_size=4))
@settings(max_examples=40)
def test_joining_then_selecting_gives_the_parts_back(parts):
    datasets = [numbered(sizes) for sizes in parts]
    joined = concatenate(datasets, names=[f"file {i}" for i in range(len(parts))])
    for index, dataset in enumerate(datasets):
        back = joined.select(np.flatnonzero(joined.behaviour_policy == index))
        for name in PER_STEP[:-1]:
            np.testing.assert_array_equal(getattr(back, name), getattr(dataset, name))


def test_labels_are_joined_by_name():
    first = numbered([2, 1], behaviour_policy=np.array([1, 0]), behaviour_policy_names=("slow", "fast"))
    second = numbered([1, 3], behaviour_policy=np.array([0, 1]), behaviour_policy_names=("fast", "lame"))
    joined = concatenate([first, second])
    assert joined.behaviour_policy_names == ("slow", "fast", "lame")
    assert joined.behaviour_policy.tolist() == [1, 0, 1, 2]


def test_labels_are_dropped_where_a_part_has_none():
    first = numbered([2], behaviour_policy=np.array([0]), behaviour_policy_names=("slow",))
    joined = concatenate([first, numbered([1])])
    assert joined.behaviour_policy is None
    assert joined.behaviour_policy_names == ()


def test_costs_are_kept_only_where_all_have_them():
    costly = numbered([2], costs=np.ones(2, dtype=np.float32))
    assert concatenate([costly, costly]).costs.sum() == 4
    assert concatenate([costly, numbered([2])]).costs is None


def test_a_dataset_without_rows_has_no_episodes():
    nothing = numbered([1]).select(np.array([], dtype=np.int64))
    assert nothing.num_episodes == nothing.num_steps == 0


def test_mismatched_lengths_are_not_a_dataset():
    dataset = numbered([3])
    arrays = {name: getattr(dataset, name) for name in PER_STEP}
    with pytest.raises(TypeError):
        EpisodeDataset(**arrays | {"rewards": np.zeros(2, dtype=np.float32)})
