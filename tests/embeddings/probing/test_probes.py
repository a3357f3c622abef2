import numpy as np
import pytest

from stages.embeddings.probing.probes import accuracy, few_labels, return_scores
from stages.seeding import generator


def random(position=0):
    return generator(0, "probes", position)


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_what_is_there_is_read_and_noise_is_not(model):
    levels = np.arange(200) % 2
    telling = levels[:, None] + 0.1 * random().standard_normal((200, 2))
    noise = random(1).standard_normal((200, 2))
    halves = slice(0, 120), slice(120, 200)
    found = [
        accuracy(model, (features[halves[0]], levels[halves[0]]), (features[halves[1]], levels[halves[1]]), 0)
        for features in (telling, noise)
    ]
    assert found[0] == 1.0 and 0.3 < found[1] < 0.7


@pytest.mark.parametrize("model", ["linear", "mlp"])
def test_returns_that_are_there_are_foretold(model):
    features = random().standard_normal((200, 2))
    returns, levels = 50 + 10 * features[:, 0], np.zeros(80, dtype=int)
    learnt, judged = (features[:120], returns[:120]), (features[120:], returns[120:])
    assert return_scores(model, learnt, judged, levels, 0)["R2"] > 0.9


def test_telling_levels_apart_earns_nothing_within_them():
    levels = np.arange(200) % 2
    returns = 100.0 * levels + random().standard_normal(200)
    halves = slice(0, 120), slice(120, 200)
    by_features = {"level": levels[:, None].astype(float), "return": returns[:, None]}
    found = {
        name: return_scores(
            "linear", (x[halves[0]], returns[halves[0]]), (x[halves[1]], returns[halves[1]]), levels[halves[1]], 0
        )
        for name, x in by_features.items()
    }
    assert found["level"]["R2"] > 0.99 and found["level"]["R2 within levels"] < 0.05
    assert found["return"]["R2 within levels"] > 0.9


def test_scores_are_those_of_the_formulas():
    features = np.arange(10.0)[:, None]
    returns = 2 * np.arange(10.0) + 1
    levels = np.repeat([0, 1], 5)
    found = return_scores("linear", (features, returns), (features, returns + 1), levels, 0)
    np.testing.assert_allclose(found["absolute error"], 1, atol=1e-2)
    np.testing.assert_allclose(found["R2"], 1 - 10 / (4 * 82.5), atol=1e-3)
    np.testing.assert_allclose(found["R2 within levels"], 1 - 10 / 80, atol=1e-2)


def test_what_cannot_be_judged_is_nan():
    pair = np.zeros((4, 1)), np.zeros(4, dtype=int)
    assert np.isnan(accuracy("linear", pair, pair, 0))
    nothing = np.zeros((0, 1)), np.zeros(0)
    scores = return_scores("linear", (np.zeros((4, 1)), np.zeros(4)), nothing, np.zeros(0, dtype=int), 0)
    assert all(np.isnan(score) for score in scores.values())


def test_few_labels_are_as_many_of_each_level():
    levels = np.array([0] * 10 + [1] * 3 + [4] * 10)
    chosen = few_labels(levels, 5, random())
    assert np.unique(levels[chosen], return_counts=True)[1].tolist() == [5, 3, 5]
