"""Smooth recordings are looked at less finely; noise that lasts, short episodes and choices as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.worlds.drawings import drawings
from benchmarks.worlds.simulated import episodes_of, linear
from benchmarks.worlds.training import weights
from stages.clustering.conjugate.fineness import FEWEST_STEPS, continued, fineness
from stages.clustering.conjugate.foretelling import foretold_more
from stages.clustering.conjugate.judgement import DECISIVE
from stages.clustering.evidence import EvidenceSettings, groupings
from stages.diagnosis.clustering_scores import clustering_scores
from stages.training.job import Job
from tests.synthetic import dataset_of, two_policies


def drawn(steps: int, figures: int = 6):
    return drawings(np.random.default_rng(3), figures, 7, steps)


@pytest.mark.parametrize(("steps", "stride"), [(80, 1), (150, 2), (600, 8), (1200, 16)])
def test_drawings_are_looked_at_as_finely_as_they_are_decided(steps: int, stride: int):
    assert fineness(drawn(steps)) == stride
    assert steps / stride >= FEWEST_STEPS


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.98])
def test_noise_that_lasts_is_not_smooth(memory: float):
    random = np.random.default_rng(0)
    policies = [linear(weights(random, 4, 2, size), 0.3, memory=memory) for size in (0.5, 1.0)]
    assert fineness(episodes_of(random, policies, [10, 10], 400, 4)) == 1


def test_choices_and_actions_that_never_move_are_looked_at_as_they_are():
    dataset = two_policies(8)
    still = dataset_of(dataset.observations, np.ones_like(dataset.actions), dataset.rewards, dataset.episode_lengths)
    assert continued(still) == 0 and fineness(still) == 1
    smooth = drawn(600)
    choices = replace(smooth, actions=(smooth.actions[:, 0] > 0).astype(np.int64), num_actions=2)
    assert fineness(choices) == 1


def test_who_drew_what_is_foretold_and_found_however_fine_the_recording():
    coarse, fine = drawn(100), drawn(1000)
    together = np.zeros(coarse.num_episodes, dtype=int)
    assert foretold_more(coarse, coarse.behaviour_policy, together, np.random.default_rng(0)) > DECISIVE
    for dataset in (coarse, fine):
        labels = next(groupings(Job(dataset, [0]), EvidenceSettings(), [(0, 0)])).labels
        assert clustering_scores(dataset.behaviour_policy, labels)["ari"] > 0.8
