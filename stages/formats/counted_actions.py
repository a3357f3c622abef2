"""Numbers of actions to choose from that no file explains: what occurs decides how many there are."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stages.datasets.episodes import EpisodeDataset
from stages.formats.report import Report

SHOWN = 10


def numbered_anew(dataset: EpisodeDataset, reports: Sequence[Report]) -> EpisodeDataset:
    """The dataset with its actions numbered 0, 1, ... in the order of their numbers, noted where that changes any.

    The attribute `action_numbers` (JSON) keeps the numbers of the files. Datasets of an environment, which has a number
    for each action, and files that state how many there are stay as they are.
    """
    if dataset.num_actions is None or dataset.environment or not all(report.actions_counted for report in reports):
        return dataset
    numbers, actions = np.unique(dataset.actions, return_inverse=True)
    if numbers[0] == 0 and numbers[-1] == len(numbers) - 1:
        return dataset
    shown = ", ".join(map(str, numbers[:SHOWN])) + (", ..." if len(numbers) > SHOWN else "")
    cause = f"{len(numbers):,} different numbers occur ({shown}): numbered 0 to {len(numbers) - 1} in this order"
    reports[0].note("action-gaps", cause, "actions", "State num_actions in the file to keep its numbers")
    return replace(
        dataset,
        actions=actions.reshape(-1).astype(np.int64),
        num_actions=len(numbers),
        attributes=dataset.attributes | {"action_numbers": json.dumps(numbers.tolist())},
    )
