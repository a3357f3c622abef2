"""Probes: what a simple model reads off embeddings, learnt from some episodes and judged on others.

Levels are classified by logistic regression or a perceptron, returns regressed by ridge regression or a perceptron. All
that is learnt, scaling included, comes from the episodes that are learnt from.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from jaxtyping import Float, Int

Model = Literal["linear", "mlp"]
HIDDEN = (64,)
RIDGES = np.logspace(-3, 4, 15)


def accuracy(
    model: Model,
    learnt: tuple[Float[np.ndarray, "episodes width"], Int[np.ndarray, "episodes"]],
    judged: tuple[Float[np.ndarray, "others width"], Int[np.ndarray, "others"]],
    state: int,
) -> float:
    """Share of the judged episodes whose level is said right; NaN where there is one level to learn, or none to judge.

    Args:
        model: ``linear``: logistic regression; ``mlp``: a hidden layer.
        learnt: Embeddings and levels that are learnt from.
        judged: Those that are judged.
        state: Of the model's random numbers.
    """
    if len(np.unique(learnt[1])) < 2 or not len(judged[1]):
        return float("nan")
    return float((_fitted(_classifier(model, state), *learnt).predict(judged[0]) == judged[1]).mean())


def return_scores(
    model: Model,
    learnt: tuple[Float[np.ndarray, "episodes width"], Float[np.ndarray, "episodes"]],
    judged: tuple[Float[np.ndarray, "others width"], Float[np.ndarray, "others"]],
    levels: Int[np.ndarray, "others"],
    state: int,
) -> dict[str, float]:
    """How well returns are told: R2 over all judged episodes, within their levels, and the mean absolute error.

    Within levels means and spreads are each level's own, so that telling levels apart earns nothing; 0 is what a
    level's mean earns, and less is possible. NaN where there is nothing to judge.
    """
    if len(learnt[1]) < 3 or len(judged[1]) < 2:
        return dict.fromkeys(("R2", "R2 within levels", "absolute error"), float("nan"))
    centre, scale = float(learnt[1].mean()), max(float(learnt[1].std()), 1e-9)
    fitted = _fitted(_regressor(model, state), learnt[0], (learnt[1] - centre) / scale)
    predicted = centre + scale * fitted.predict(judged[0])
    within = judged[1] - _level_means(judged[1], levels)
    error = ((judged[1] - predicted) ** 2).sum()
    return {
        "R2": _share(error, ((judged[1] - judged[1].mean()) ** 2).sum()),
        "R2 within levels": _share(error, (within**2).sum()),
        "absolute error": float(np.abs(judged[1] - predicted).mean()),
    }


def few_labels(
    levels: Int[np.ndarray, "episodes"], count: int, random: np.random.Generator
) -> Int[np.ndarray, "chosen"]:
    """Episodes of which the label is known: `count` of each level, or all that there are."""
    return np.concatenate([random.permutation(np.flatnonzero(levels == level))[:count] for level in np.unique(levels)])


def _share(error: float, total: float) -> float:
    return float(1 - error / total) if total > 0 else float("nan")


def _level_means(returns: Float[np.ndarray, "episodes"], levels: Int[np.ndarray, "episodes"]) -> np.ndarray:
    return np.array([returns[levels == level].mean() for level in levels])


def _fitted(model: Any, features: Float[np.ndarray, "episodes width"], wanted: np.ndarray) -> Any:
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), model).fit(features, wanted)


def _classifier(model: Model, state: int) -> Any:
    # Loaded here: it takes a second, and planning has no use for it.
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier

    if model == "linear":
        return LogisticRegression(max_iter=1000)
    return MLPClassifier(hidden_layer_sizes=HIDDEN, max_iter=500, random_state=state)


def _regressor(model: Model, state: int) -> Any:
    from sklearn.linear_model import RidgeCV
    from sklearn.neural_network import MLPRegressor

    return (
        RidgeCV(RIDGES)
        if model == "linear"
        else MLPRegressor(hidden_layer_sizes=HIDDEN, max_iter=500, random_state=state)
    )
