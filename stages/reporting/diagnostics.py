"""What the diagnostics say about a dataset's clusterings: matrices of one seed, and warnings in words."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from jaxtyping import Int
from scipy.optimize import linear_sum_assignment

from stages.plotting.heat_maps import HeatMap, heat_maps
from stages.reporting.diagnoses import Diagnosis, matrix
from stages.reporting.inputs import DatasetResults
from stages.reporting.names import caption
from stages.reporting.pictures import Picture, picture

MOST_CLUSTERS = 16  # in a heat map
MOST_WARNINGS = 3  # of one clustering
WORD = re.compile(r"\b(?!and\b)[a-z]+", re.IGNORECASE)
KINDS = {
    "exact": "Two episodes conflict if they meet the same state and act differently.",
    "neighbours": "Two episodes conflict if they act differently in states that are close to each other.",
    "likelihood": "Two episodes conflict if the policy of one cannot explain the other.",
}


def matrices(results: DatasetResults, name: str) -> Picture | None:
    """Confusion, conflicts and behavioural KL of the first seed of clustering `name`."""
    diagnosis = results.diagnoses.get(name)
    if diagnosis is None:
        return None
    seed = diagnosis.seeds[0]
    maps = _maps(seed, diagnosis)
    if not maps:
        return None
    alt = f"Matrices of {caption('clusterings', name)}, seed {seed['seed']}: " + ", ".join(one.title for one in maps)
    return picture(heat_maps(maps), f"{results.name}-{name}-matrices", alt)


def _maps(seed: dict[str, Any], diagnosis: Diagnosis) -> list[HeatMap]:
    policies = [caption("behaviours", one) for one in diagnosis.dataset.get("policy_names") or []]
    full = _ordered(seed)[:MOST_CLUSTERS]
    clusters = [str(index) for index in full]
    maps = []
    if (confusion := matrix(seed, "confusion")) is not None:
        shares = confusion[full] / np.maximum(confusion[full].sum(axis=1, keepdims=True), 1)
        sized = [
            f"cluster {one} ({size:,.0f})" for one, size in zip(clusters, confusion[full].sum(axis=1), strict=True)
        ]
        maps.append(HeatMap("made by, %", shares, sized, _named(policies, shares), 1.0, percent=True))
    if (conflict := matrix(seed, "conflict")) is not None:
        own = conflict[np.ix_(full, full)]
        maps.append(HeatMap("conflicts, %", own, clusters, clusters, 1.0, percent=True))
    if (divergence := matrix(seed, "behavioural_kl")) is not None:
        maps.append(HeatMap("KL to the policies", divergence[full], clusters, _named(policies, divergence)))
    if diagnosis.dataset.get("true_conflict") is not None:
        true = np.array(diagnosis.dataset["true_conflict"], dtype=np.float64)
        maps.append(
            HeatMap("true conflicts, %", true, _named(policies, true), _named(policies, true), 1.0, percent=True)
        )
    return maps


def _ordered(seed: dict[str, Any]) -> Int[np.ndarray, "filled"]:
    """Clusters with episodes, in the order of the policies that they pair with, the others last."""
    sizes, confusion = np.array(seed["sizes"]), matrix(seed, "confusion")
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


def remarks(results: DatasetResults) -> list[str]:
    """What conflicts mean here, and the warnings of every clustering with how many seeds they hold for."""
    if not results.diagnoses:
        return []
    facts = next(iter(results.diagnoses.values())).dataset
    lines = [KINDS[facts["conflict_kind"]]] if facts.get("conflict_kind") in KINDS else []
    own = facts.get("self_conflict")
    if own:
        lines.append(
            f"{own:.1%} of the episodes conflict with themselves: their policies draw actions at random, or remember. "
            "Rates then matter, not whether there is any conflict at all."
        )
    for name, diagnosis in results.diagnoses.items():
        if told := _warnings(diagnosis):
            lines.append(f"“{caption('clusterings', name)}”: {'; '.join(told)}.")
    return lines


def _warnings(diagnosis: Diagnosis) -> list[str]:
    """An example of each kind of warning, most frequent first; those of a kind differ in nothing but numbers."""
    kinds = [{tuple(WORD.findall(one)): one for one in seed["warnings"]} for seed in diagnosis.seeds]
    examples = {kind: one for seed in reversed(kinds) for kind, one in seed.items()}
    counted = Counter(kind for seed in kinds for kind in seed).most_common()
    seeds = len(diagnosis.seeds)
    told = [
        examples[kind] + (f" (the like on {times} of {seeds} seeds)" if seeds > 1 else "")
        for kind, times in counted[:MOST_WARNINGS]
    ]
    return told + ([f"and {len(counted) - MOST_WARNINGS} more warnings"] if len(counted) > MOST_WARNINGS else [])
