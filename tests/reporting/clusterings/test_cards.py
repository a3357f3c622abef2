"""Facts and profiles that cards are made of."""

from dataclasses import replace

import numpy as np
import pytest

from stages.plotting.cluster_card import Frequencies, Profile
from stages.reporting.clusterings.cards import MOST_CARDS, cards
from stages.reporting.clusterings.profiles import MOST_COORDINATES, actions_of, states_of
from stages.reporting.clusterings.quality import Quality, discounted_returns, pair_numbers
from stages.reporting.clusterings.results import Clusters
from stages.reporting.data.results import Data
from stages.reporting.gathering import DatasetResults
from tests.synthetic import make_episodes


def discrete(lengths=(3, 1, 4), states=3):
    """Episodes on numbered states with two actions."""
    dataset = make_episodes(lengths, observation=1)
    observations = (np.arange(dataset.num_steps) % states).astype(np.float32)[:, None]
    actions = np.arange(dataset.num_steps, dtype=np.int64) % 2
    return replace(dataset, observations=observations, actions=actions, num_actions=2)


def toy(dataset):
    return DatasetResults("toy", {Data: Data(dataset)})


def clusters_of(labels, num_clusters):
    labels = np.array([labels])
    nothing = np.zeros((1, 0))
    history = np.zeros((0, 1, labels.shape[1]), dtype=np.int16)
    return Clusters(np.array([0]), labels, history, np.zeros((0, 1)), nothing, nothing, num_clusters, "score", {})


def test_actions_to_choose_from_are_counted():
    dataset = discrete()
    steps = np.arange(dataset.num_steps) < 3
    profile = actions_of(dataset, steps)
    assert isinstance(profile, Frequencies)
    np.testing.assert_allclose(profile.inside, [2 / 3, 1 / 3])
    np.testing.assert_allclose(profile.every, [0.5, 0.5])


def test_vectors_are_scaled_to_the_dataset():
    dataset = make_episodes([200, 200], observation=20)
    every = np.ones(400, dtype=bool)
    profile = states_of(dataset, every, None)
    assert isinstance(profile, Profile) and len(profile.names) == MOST_COORDINATES
    scaled = (dataset.observations - dataset.observations.mean(axis=0)) / dataset.observations.std(axis=0)
    position = int(profile.names[3][1:])
    assert profile.high[3] == pytest.approx(np.quantile(scaled[:, position], 0.9), abs=1e-4)


def test_a_coordinate_that_never_varies_is_no_division_by_zero():
    dataset = make_episodes([5, 5])
    constant = replace(dataset, observations=np.ones_like(dataset.observations))
    profile = states_of(constant, np.ones(10, dtype=bool), None)
    np.testing.assert_array_equal(profile.median, 0)


def test_discounting_starts_anew_in_every_episode():
    dataset = replace(make_episodes([2, 3]), rewards=np.ones(5, dtype=np.float32))
    np.testing.assert_allclose(discounted_returns(dataset), [1.99, 1 + 0.99 + 0.99**2])


def test_pairs_are_numbered_as_rows_are():
    random = np.random.default_rng(0)
    for values in (random.integers(-3, 4, (300, 4)), random.normal(size=(40, 2)).round(1)[random.integers(0, 40, 300)]):
        actions = random.integers(0, 3, 300)
        made = make_episodes([300], observation=values.shape[1])
        dataset = replace(made, observations=values.astype(np.float32), actions=actions, num_actions=3)
        rows = np.column_stack([dataset.observations, actions])
        numbers = pair_numbers(dataset)
        assert len(np.unique(numbers)) == numbers.max() + 1 == len(np.unique(rows, axis=0))
    assert pair_numbers(make_episodes([3])) is None


def test_quality_of_the_best_and_the_worst_part():
    dataset = replace(discrete((2, 2)), rewards=np.array([0, 0, 1, 1], dtype=np.float32))
    quality = Quality(dataset)
    worst = dict(quality.facts(np.array([0]), np.array([True, True, False, False])))
    best = dict(quality.facts(np.array([1]), np.array([False, False, True, True])))
    assert (worst["TQ"], best["TQ"]) == ("0.00", "1.00")
    assert worst["SACo"] == "0.50"
    assert Quality(replace(dataset, rewards=np.zeros(4, dtype=np.float32))).facts(np.array([0]), np.ones(4, bool)) == [
        ("SACo", "1.00")
    ]


def test_cards_of_discrete_actions_with_an_empty_cluster():
    made = cards(toy(discrete()), "em", clusters_of([0, 2, 0], 3), {})
    assert {card.title for card in made} == {"Cluster 0", "Cluster 1", "Cluster 2"}
    empty = next(card for card in made if card.title == "Cluster 1")
    assert empty.picture is None and "empty" in empty.facts[0][1]


def test_ambiguity_stands_on_the_card_where_there_are_other_clusters():
    clusters = replace(clusters_of([0, 1, 0], 2), ambiguity=np.array([[0.1, 0.0, 0.3]]))
    first = cards(toy(discrete()), "em", clusters, {})[0]
    assert dict(first.facts)["ambiguity"] == "20.0% (most: 30.0%)"
    alone = replace(clusters, labels=np.zeros((1, 3), dtype=np.int64))
    assert "ambiguity" not in dict(cards(toy(discrete()), "em", alone, {})[0].facts)


def test_only_the_largest_of_many_clusters_get_a_card():
    lengths = [1] * 30
    labels = [*range(10), *([9] * 20)]
    made = cards(toy(discrete(lengths)), "em", clusters_of(labels, 10), {})
    assert len(made) == MOST_CARDS and "Cluster 9" in [card.title for card in made]
