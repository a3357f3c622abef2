from itertools import pairwise

import numpy as np
import pytest

from stages.datasets.episodes import EpisodeDataset
from stages.evaluation.bound_settings import BoundSettings
from stages.evaluation.stitching_bound import discretise, greedy, options, stitching_bound
from stages.generators.subgoals import SubgoalSettings, generate


def corridor(walks: list[tuple[int, list[int]]], rewards: dict[tuple[int, int], float]) -> EpisodeDataset:
    """Episodes over integer places: each is (behaviour, places), with a reward per (behaviour, place left)."""
    parts = [(z, place, following) for z, places in walks for place, following in pairwise(places)]
    ends = np.concatenate([[False] * (len(places) - 2) + [True] for _, places in walks])
    column = lambda values: np.array(values, dtype=np.float32)[:, None] + 0.5  # noqa: E731
    return EpisodeDataset(
        observations=column([place for _, place, _ in parts]),
        actions=np.zeros((len(parts), 1), dtype=np.float32),
        rewards=np.array([rewards.get((z, place), -1.0) for z, place, _ in parts], dtype=np.float32),
        terminations=ends,
        truncations=np.zeros(len(parts), dtype=bool),
        next_observations=column([following for _, _, following in parts]),
        behaviour_policy=np.array([z for z, _ in walks]),
        behaviour_policy_names=("a", "b"),
    )


def test_chain_where_each_behaviour_is_good_at_one_half():
    walks = [(0, [0, 1, 2, 3, 4]), (1, [0, 1, 2, 3, 4])] * 10
    dataset = corridor(walks, {(0, 2): -5, (0, 3): -5, (1, 0): -5, (1, 1): -5})
    bound = stitching_bound(dataset, BoundSettings(cell_size=1, min_visits=1))
    assert dataset.episode_returns.max() == -12
    assert [bound[k] for k in ("value", "optimistic", "standard_error", "steps")] == pytest.approx([-4, -4, 0, 4])


def test_switching_needs_a_common_place():
    walks = [(0, [0, 1, 2, 9]), (1, [0, 5, 6, 9])] * 10
    bound = stitching_bound(corridor(walks, {(0, 2): -5, (1, 5): -3}), BoundSettings(cell_size=1, min_visits=1))
    assert bound["value"] == -5, (
        "the places apart from start and end are not shared, so nothing better than behaviour b"
    )


def test_random_outcomes_are_averaged():
    # From place 0 behaviour a goes on to 1 half of the time and straight to the end otherwise; b takes three steps.
    walks = [(0, [0, 1, 9]), (0, [0, 9]), (1, [0, 2, 3, 9])] * 10
    bound = stitching_bound(corridor(walks, {}), BoundSettings(cell_size=1, min_visits=1, folds=2))
    assert bound["value"] == pytest.approx(-1.5)


def test_lucky_draws_do_not_count():
    # Both behaviours are alike; rewards are noise, so choosing per place by the luckier mean is worth nothing.
    generator = np.random.default_rng(0)
    dataset = corridor([(z, [0, 1, 2, 3, 4, 5]) for _ in range(100) for z in (0, 1)], {})
    noisy = EpisodeDataset(
        **{**vars_of(dataset), "rewards": generator.normal(-1, 1, dataset.num_steps).astype(np.float32)}
    )
    bound = stitching_bound(noisy, BoundSettings(cell_size=1, min_visits=1))
    assert bound["optimistic"] > noisy.episode_returns.mean() + 0.1
    assert bound["value"] == pytest.approx(noisy.episode_returns.mean(), abs=0.25)


def vars_of(dataset: EpisodeDataset) -> dict:
    return {name: getattr(dataset, name) for name in dataset.__dataclass_fields__}


def test_rarely_tried_options_are_left_out():
    walks = [(0, [0, 1, 9])] * 20 + [(1, [0, 9])]
    dataset = corridor(walks, {})
    cells = discretise(dataset, 1.0)
    everything = np.ones(dataset.num_episodes, dtype=bool)
    assert greedy(cells, options(cells, everything), 10, min_visits=5)[0] == 0
    assert greedy(cells, options(cells, everything), 10, min_visits=1)[0] == 1


def test_not_applicable_is_said():
    dataset = corridor([(0, [0, 1, 9])] * 20, {})
    eleven = np.zeros((dataset.num_steps, 11), dtype=np.float32)
    wide = EpisodeDataset(**{**vars_of(dataset), "observations": eleven, "next_observations": eleven})
    unlabelled = EpisodeDataset(**{**vars_of(dataset), "behaviour_policy": None})
    assert "11 dimensions" in stitching_bound(wide, BoundSettings())["reason"]
    assert "not known" in stitching_bound(unlabelled, BoundSettings())["reason"]
    assert "too few" in stitching_bound(dataset.select(np.arange(3)), BoundSettings())["reason"]


def test_navigation_is_close_to_the_route_worked_out_by_hand():
    # Behaviour 1 to (20, 15), then behaviour 0 to (20, 30) and the goal: 60 units at 0.16 a step, no penalty.
    bound = stitching_bound(generate(SubgoalSettings(steps_per_behaviour=60_000)), BoundSettings())
    assert bound["value"] == pytest.approx(-375, abs=10)
    assert -bound["value"] - bound["steps"] == pytest.approx(-1, abs=3), "no penalty, and no cost for the last step"


def test_the_value_comes_with_those_of_other_cells():
    dataset, settings = generate(SubgoalSettings(steps_per_behaviour=20_000)), BoundSettings(cell_size=0.5)
    bound = stitching_bound(dataset, settings)
    values = [stitching_bound(dataset, BoundSettings(cell_size=size))["value"] for size in (0.25, 0.5, 1.0)]
    assert (bound["value"], bound["lowest"], bound["highest"]) == (values[1], min(values), max(values))
    assert bound["lowest"] < bound["highest"]
