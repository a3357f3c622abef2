"""What the true policies' own families can tell: each episode goes to the policy that explains it best unseen.

A policy is fitted to its episodes but for a tenth (all but one where it has ten or fewer), which it then scores.

A policy of the family ``linear`` is a regression on states, of the family ``network`` on states and random features of
them: of actions that are vectors, with residuals that covary and last (first order), or of logits of choices.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int
from sklearn.linear_model import LogisticRegression

from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator

FOLDS = 10
FEATURES = 100
RIDGE = 0.1
Family = Literal["linear", "network"]
Steps = Bool[np.ndarray, "steps"]
Inputs = Float[np.ndarray, "steps input"]
LogProb = Float[np.ndarray, "steps"]


def oracle(dataset: EpisodeDataset, family: Family) -> Int[np.ndarray, "episodes"]:
    """The true policy that explains each episode best without having seen it."""
    truth, episode = dataset.behaviour_policy, dataset.episode_of_step
    inputs, fitted = inputs_of(dataset, family), of_vectors if dataset.num_actions is None else of_choices
    fold = np.empty(len(truth), dtype=np.int64)
    for policy in range(truth.max() + 1):
        fold[truth == policy] = np.arange((truth == policy).sum()) % FOLDS
    scores = np.full((len(truth), truth.max() + 1), -np.inf)
    for f, policy in itertools.product(range(fold.max() + 1), range(scores.shape[1])):
        seen, scored = ((truth == policy) & (fold != f))[episode], (fold == f)[episode]
        log_prob = fitted(dataset, inputs, seen)(scored)
        scores[fold == f, policy] = np.bincount(episode[scored], log_prob, len(truth))[fold == f]
    return scores.argmax(1)


def inputs_of(dataset: EpisodeDataset, family: Family) -> Inputs:
    """One, standardised observations and, for networks, random features of them."""
    scaled = (dataset.observations - dataset.observations.mean(0)) / dataset.observations.std(0)
    inputs = np.hstack([np.ones((dataset.num_steps, 1)), scaled.astype(np.float64)])
    if family == "linear":
        return inputs
    random = generator(0, "random features of the oracle")
    ways = random.standard_normal((scaled.shape[1], FEATURES)) / np.sqrt(scaled.shape[1])
    ways *= random.uniform(0.3, 2, FEATURES)  # some nearly linear, some steep
    return np.hstack([inputs, np.tanh(scaled @ ways + random.standard_normal(FEATURES))])


def of_vectors(dataset: EpisodeDataset, inputs: Inputs, seen: Steps) -> Callable[[Steps], LogProb]:
    """Log-density of actions that are vectors, in the directions in which they vary."""
    centred = dataset.actions.astype(np.float64) - dataset.actions.mean(0, dtype=np.float64)
    _, sizes, ways = np.linalg.svd(centred, full_matrices=False)
    actions = centred @ ways[sizes > 1e-5 * sizes[0]].T
    first = np.zeros(dataset.num_steps, dtype=bool)
    first[dataset.episode_starts] = True
    weights = ridge(inputs[seen], actions[seen])
    errors, later = actions - inputs @ weights, ~first & seen
    lasting = float((errors[later] * errors[np.flatnonzero(later) - 1]).sum() / (errors[seen] ** 2).sum())
    new_inputs, new_actions = news(inputs, first, lasting), news(actions, first, lasting)
    weights = ridge(new_inputs[seen], new_actions[seen])
    errors = new_actions - new_inputs @ weights
    # Less the weights that were fitted, or fits to few steps look precise; with shrinkage steps may even be fewer.
    freedom = max(seen.sum() - inputs.shape[1], 0.1 * seen.sum())
    covariance = errors[seen].T @ errors[seen] / freedom
    density = -0.5 * (errors @ np.linalg.inv(covariance) * errors).sum(1) - 0.5 * np.linalg.slogdet(covariance)[1]
    density += 0.5 * actions.shape[1] * np.log1p(-(lasting**2)) * first  # first errors are scaled to the others' size
    return lambda scored: density[scored]


def news(values: Inputs, first: Steps, lasting: float) -> Inputs:
    """What is new at each step if residuals last, after Prais and Winsten (1954)."""
    before = np.vstack([values[:1], values[:-1]])
    return np.where(first[:, None], np.sqrt(1 - lasting**2) * values, values - lasting * before)


def ridge(inputs: Inputs, actions: Inputs) -> Float[np.ndarray, "input action"]:
    """Weights of a regression with a little shrinkage, without which random features have no certain weights."""
    return np.linalg.solve(inputs.T @ inputs + RIDGE * np.eye(inputs.shape[1]), inputs.T @ actions)


def of_choices(dataset: EpisodeDataset, inputs: Inputs, seen: Steps) -> Callable[[Steps], LogProb]:
    """Log-probability of actions that are choices; what the policy was never seen to do has ``exp(-20)``."""
    model = LogisticRegression(C=10.0, tol=1e-3, max_iter=500)
    model.fit(inputs[seen], dataset.actions[seen])

    def log_prob(scored: Steps) -> LogProb:
        table = np.full((int(scored.sum()), dataset.num_actions), -20.0)
        table[:, model.classes_] = model.predict_log_proba(inputs[scored])
        return table[np.arange(len(table)), dataset.actions[scored]]

    return log_prob
