import numpy as np
import pytest

from stages.clustering.subspaces.distances import Visits, distances, spectral_labels


def visits_of(steps: list[tuple[int, int, int]], num_actions: int = 2) -> Visits:
    return Visits.of(*np.array(steps).T.astype(np.int64), num_actions)


def test_visits_of_a_state_go_to_the_halves_in_turn():
    found = visits_of([(0, 5, 0), (0, 3, 1), (0, 5, 1), (0, 5, 1), (1, 5, 1)])
    assert found.episode.tolist() == [0, 0, 1]
    assert found.state.tolist() == [3, 5, 5]
    assert found.count.tolist() == [1, 3, 1]
    assert found.frequencies[0].tolist() == [[0, 1], [0.5, 0.5], [0, 1]]
    assert found.frequencies[1].tolist() == [[0, 1], [0, 1], [0, 1]]


def test_policies_without_randomness_are_apart_by_2_where_they_conflict_and_0_elsewhere():
    steps = [(0, 0, 0), (0, 1, 0), (1, 0, 1), (1, 1, 0), (2, 1, 0), (3, 2, 1)]
    largest = distances(visits_of(steps), 4, rank=2, largest=True)
    mean = distances(visits_of(steps), 4, rank=2, largest=False)
    assert largest == pytest.approx(np.array([[0, 2, 0, 0], [2, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]))
    assert mean == pytest.approx(largest / 2)


def test_distances_of_random_policies_are_unbiased():
    """The mean over pairs is the squared distance, 0 between equal policies whatever the noise."""
    random = np.random.default_rng(0)
    episodes, visits = 1000, 12
    chance = np.where(np.arange(episodes) % 2 == 0, 0.3, 0.6)
    actions = (random.random((episodes, visits)) < chance[:, None]).astype(np.int64)
    episode = np.repeat(np.arange(episodes), visits)
    found = distances(Visits.of(episode, np.zeros_like(episode), actions.ravel(), 2), episodes, 2, largest=False)
    even, odd = np.arange(0, episodes, 2), np.arange(1, episodes, 2)
    same = found[np.ix_(even, even)].sum() / (len(even) * (len(even) - 1))
    assert same == pytest.approx(0, abs=0.02)
    assert found[np.ix_(even, odd)].mean() == pytest.approx(2 * 0.3**2, abs=0.04)


def test_projection_keeps_what_differs_and_drops_noise():
    """Two policies over many actions: in their plane the spread of estimated distances is smaller."""
    random = np.random.default_rng(0)
    policies = random.dirichlet(np.ones(12), 2)
    truth = np.arange(80) % 2
    actions = np.stack([random.choice(12, 20, p=policies[z]) for z in truth])
    episode = np.repeat(np.arange(80), 20)
    seen = Visits.of(episode, np.zeros_like(episode), actions.ravel(), 12)
    off = ~np.eye(80, dtype=bool)
    same = truth[:, None] == truth
    spread = {rank: distances(seen, 80, rank, largest=False)[same & off].std() for rank in (2, 12)}
    assert spread[2] < 0.8 * spread[12]
    projected = distances(seen, 80, 2, largest=False)
    assert projected[~same].mean() == pytest.approx(((policies[0] - policies[1]) ** 2).sum(), rel=0.3)


def test_groups_far_apart_are_cut_apart():
    truth = np.arange(60) % 3
    random = np.random.default_rng(0)
    apart = np.where(truth[:, None] == truth, 0.0, 1.0) + 0.2 * random.random((60, 60))
    apart = (apart + apart.T) / 2
    labels = spectral_labels(apart, 3, random_state=0)
    assert len({(a, b) for a, b in zip(truth, labels, strict=True)}) == 3


@pytest.mark.parametrize(("count", "clusters"), [(1, 1), (5, 1), (3, 3), (2, 3), (4, 3)])
def test_few_episodes(count, clusters):
    labels = spectral_labels(np.zeros((count, count)), clusters, random_state=0)
    assert labels.shape == (count,)
    assert set(labels.tolist()) <= set(range(clusters))
