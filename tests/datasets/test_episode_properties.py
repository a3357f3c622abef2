"""Laws of the episode arithmetic, for arbitrary episodes."""

from dataclasses import fields

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stages.datasets.episodes import PER_STEP, EpisodeDataset, concatenate

EPISODES = st.lists(st.tuples(st.integers(1, 5), st.booleans(), st.integers(0, 2)), min_size=1, max_size=6)
RECIPES = st.tuples(EPISODES, st.integers(0, 2**32 - 1), st.booleans())


def made(recipe: tuple[list[tuple[int, bool, int]], int, bool]) -> EpisodeDataset:
    """Episodes of given lengths, ends and true policies, with everything that a dataset can hold."""
    episodes, seed, discrete = recipe
    lengths, terminated, labels = map(np.array, zip(*episodes, strict=True))
    random = np.random.default_rng(seed)
    steps, last = int(lengths.sum()), np.cumsum(lengths) - 1
    terminations, truncations = np.zeros(steps, dtype=bool), np.zeros(steps, dtype=bool)
    terminations[last[terminated]], truncations[last[~terminated]] = True, True
    return EpisodeDataset(
        observations=random.random((steps, 3), dtype=np.float32),
        actions=random.integers(4, size=steps) if discrete else random.random((steps, 2), dtype=np.float32),
        rewards=random.integers(-9, 9, steps).astype(np.float32),
        terminations=terminations,
        truncations=truncations,
        next_observations=random.random((steps, 3), dtype=np.float32),
        costs=random.integers(2, size=steps).astype(np.float32),
        num_actions=4 if discrete else None,
        behaviour_policy=labels,
        behaviour_policy_names=("a", "b", "c"),
    )


def alike(recipes: list, discrete: bool) -> list[EpisodeDataset]:
    """Datasets with the same kind of actions."""
    return [made((episodes, seed, discrete)) for episodes, seed, _ in recipes]


def assert_equal(first: EpisodeDataset, second: EpisodeDataset) -> None:
    for field in fields(EpisodeDataset):
        this, other = getattr(first, field.name), getattr(second, field.name)
        np.testing.assert_array_equal(this, other, err_msg=field.name)


@given(RECIPES)
def test_episodes_tile_the_steps(recipe):
    dataset = made(recipe)
    starts, ends, lengths = dataset.episode_starts, dataset.episode_ends, dataset.episode_lengths
    assert starts[0] == 0 and ends[-1] == dataset.num_steps
    assert (starts[1:] == ends[:-1]).all() and (lengths >= 1).all() and lengths.sum() == dataset.num_steps
    flags = dataset.terminations.astype(int) + dataset.truncations
    assert (flags[ends - 1] == 1).all() and flags.sum() == dataset.num_episodes
    assert (np.bincount(dataset.episode_of_step) == lengths).all()
    assert (np.diff(dataset.episode_of_step) == flags[:-1]).all()


@given(RECIPES)
def test_returns_are_sums_over_episodes(recipe):
    dataset = made(recipe)
    rows = zip(dataset.episode_starts, dataset.episode_ends, strict=True)
    by_hand = [dataset.rewards[start:end].sum() for start, end in rows]
    assert dataset.episode_returns.tolist() == by_hand
    assert dataset.episode_returns.sum() == dataset.rewards.sum()


@given(RECIPES)
def test_selecting_all_changes_nothing(recipe):
    dataset = made(recipe)
    assert_equal(dataset.select(np.arange(dataset.num_episodes)), dataset)


@given(RECIPES, st.data())
def test_selecting_twice_is_selecting_once(recipe, data):
    dataset = made(recipe)

    def draw(size):
        return np.array(data.draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=6)), dtype=np.int64)

    first = draw(dataset.num_episodes)
    second = draw(len(first))
    assert_equal(dataset.select(first).select(second), dataset.select(first[second]))


@given(RECIPES, st.data())
def test_selecting_moves_whole_rows(recipe, data):
    dataset = made(recipe)
    chosen = np.array(data.draw(st.permutations(range(dataset.num_episodes))), dtype=np.int64)
    picked = dataset.select(chosen)
    rows = np.concatenate([np.arange(dataset.episode_starts[e], dataset.episode_ends[e]) for e in chosen])
    for name in PER_STEP:
        np.testing.assert_array_equal(getattr(picked, name), getattr(dataset, name)[rows])
    assert picked.episode_returns.tolist() == dataset.episode_returns[chosen].tolist()
    assert picked.behaviour_policy.tolist() == dataset.behaviour_policy[chosen].tolist()


@given(st.lists(RECIPES, min_size=3, max_size=3), st.booleans())
def test_joining_is_associative(recipes, discrete):
    first, second, third = alike(recipes, discrete)
    left = concatenate([concatenate([first, second]), third])
    assert_equal(left, concatenate([first, concatenate([second, third])]))
    assert_equal(left, concatenate([first, second, third]))


@given(st.lists(RECIPES, min_size=1, max_size=3), st.booleans())
def test_joining_keeps_every_part(recipes, discrete):
    parts = alike(recipes, discrete)
    joined = concatenate(parts)
    assert joined.num_steps == sum(part.num_steps for part in parts)
    assert joined.episode_returns.tolist() == [value for part in parts for value in part.episode_returns]
    assert joined.episode_lengths.tolist() == [value for part in parts for value in part.episode_lengths]
    offsets = np.cumsum([0, *(part.num_episodes for part in parts)])
    for part, start in zip(parts, offsets, strict=False):
        assert_equal(joined.select(start + np.arange(part.num_episodes)), part)
    assert joined.num_actions == parts[0].num_actions


@given(RECIPES)
def test_cutting_at_any_episode_and_joining_gives_the_whole_back(recipe):
    dataset = made(recipe)
    for cut in range(1, dataset.num_episodes):
        halves = [dataset.select(np.arange(cut)), dataset.select(np.arange(cut, dataset.num_episodes))]
        assert_equal(concatenate(halves), dataset)
