"""What the diagnostics say about a dataset's clusterings: matrices of one seed, and warnings in words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping

import numpy as np
from jaxtyping import Int
from scipy.optimize import linear_sum_assignment

from stages.plotting.heat_maps import HeatMap, heat_maps
from stages.reporting.clusterings.diagnoses import Diagnosis, SeedFindings, matrix
from stages.reporting.kit.captions import caption
from stages.reporting.kit.pictures import Picture, picture

MOST_CLUSTERS = 16  # in a heat map
MOST_WARNINGS = 3  # of one clustering
WORD = re.compile(r"\b(?!and\b)[a-z]+", re.IGNORECASE)
KINDS = {
    "exact": "Two episodes conflict if they meet the same state and act differently.",
    "neighbours": "Two episodes conflict if they act differently in states that are close to each other.",
    "likelihood": "Two episodes conflict if the policy of one cannot explain the other.",
}


def matrices(dataset: str, name: str, diagnosis: Diagnosis | None) -> Picture | None:
    """Confusion, conflicts and behavioural KL of the first seed of clustering `name`."""
    if diagnosis is None:
        return None
    seed = diagnosis.seeds[0]
    maps = _maps(seed, diagnosis)
    if not maps:
        return None
    alt = f"Matrices of {caption('clusterings', name)}, seed {seed.seed}: " + ", ".join(shown.title for shown in maps)
    return picture(heat_maps(maps), f"{dataset}-{name}-matrices", alt)


def _maps(seed: SeedFindings, diagnosis: Diagnosis) -> list[HeatMap]:
    policies = [caption("behaviours", name) for name in diagnosis.dataset.policy_names]
    full = _ordered(seed)[:MOST_CLUSTERS]
    clusters = [str(index) for index in full]
    maps = []
    if (confusion := matrix(seed.confusion)) is not None:
        sizes = confusion[full].sum(axis=1)
        shares = confusion[full] / np.maximum(sizes[:, None], 1)
        sized = [f"cluster {index} ({size:,.0f})" for index, size in zip(clusters, sizes, strict=True)]
        maps.append(HeatMap("made by, %", shares, sized, _named(policies, shares), 1.0, percent=True))
    if (conflict := matrix(seed.conflict)) is not None:
        rates = conflict[np.ix_(full, full)]
        maps.append(HeatMap("conflicts, %", rates, clusters, clusters, 1.0, percent=True))
    if (divergence := matrix(seed.behavioural_kl)) is not None:
        maps.append(HeatMap("KL to the policies", divergence[full], clusters, _named(policies, divergence)))
    if (true := matrix(diagnosis.dataset.true_conflict)) is not None:
        names = _named(policies, true)
        maps.append(HeatMap("true conflicts, %", true, names, names, 1.0, percent=True))
    return maps


def _ordered(seed: SeedFindings) -> Int[np.ndarray, "filled"]:
    """Clusters with episodes, in the order of the policies that they pair with, the others last."""
    sizes, confusion = np.array(seed.sizes), matrix(seed.confusion)
    place = np.full(len(sizes), np.inf)
    if confusion is not None:
        clusters, policies = linear_sum_assignment(confusion, maximize=True)
        place[clusters] = policies
    order = np.argsort(place, kind="stable")
    return order[sizes[order] > 0]


def _named(policies: list[str], values: np.ndarray) -> list[str]:
    """Names of the columns; numbers where they are not known."""
    number = values.shape[1]
    return policies if len(policies) == number else [str(index) for index in range(number)]


def remarks(diagnoses: Mapping[str, Diagnosis]) -> list[str]:
    """What conflicts mean here, and the warnings of every clustering with how many seeds they hold for."""
    if not diagnoses:
        return []
    facts = next(iter(diagnoses.values())).dataset
    lines = [KINDS[facts.conflict_kind]] if facts.conflict_kind in KINDS else []
    if facts.self_conflict:
        lines.append(
            f"{facts.self_conflict:.1%} of the episodes conflict with themselves: their policies draw actions at "
            "random, or remember. Rates then matter, not whether there is any conflict at all."
        )
    warnings = {name: [*_verdicts(diagnosis), *_warnings(diagnosis)] for name, diagnosis in diagnoses.items()}
    return lines + [
        f"“{caption('clusterings', name)}”: {'; '.join(found)}." for name, found in warnings.items() if found
    ]


def sureness(diagnosis: Diagnosis | None) -> list[str]:
    """How sure the first seed's clusters are: probabilities of their number, and verdicts."""
    if diagnosis is None:
        return []
    first = diagnosis.seeds[0].certainty
    numbers = ", ".join(f"{number}: {probability:.3f}" for number, probability in first.probability.items())
    return ([f"probability of the number of clusters: {numbers}"] if numbers else []) + first.verdicts


def _verdicts(diagnosis: Diagnosis) -> list[str]:
    """How sure the clusters are, in sentences."""
    return _examples([seed.certainty.verdicts for seed in diagnosis.seeds])


def _warnings(diagnosis: Diagnosis) -> list[str]:
    """What may be wrong with the clusters."""
    return _examples([seed.warnings for seed in diagnosis.seeds])


def _examples(of_seeds: list[list[str]]) -> list[str]:
    """An example of each kind of warning, most frequent first; those of a kind differ in nothing but numbers."""
    kinds = [{tuple(WORD.findall(warning)): warning for warning in warnings} for warnings in of_seeds]
    examples = {kind: warning for seed in reversed(kinds) for kind, warning in seed.items()}
    counted = Counter(kind for seed in kinds for kind in seed).most_common()
    seeds, more = len(of_seeds), len(counted) - MOST_WARNINGS
    shown = [
        examples[kind] + (f" (the like on {times} of {seeds} seeds)" if seeds > 1 else "")
        for kind, times in counted[:MOST_WARNINGS]
    ]
    return shown + ([f"and {more} more warnings"] if more > 0 else [])
