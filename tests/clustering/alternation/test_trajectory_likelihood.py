import pytest
import torch
from torch.distributions import Normal

from stages.clustering.alternation import trajectory_likelihood
from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.alternation.trajectory_likelihood import TrajectoryLikelihood
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.job import Job
from stages.training.trainable import Trainable
from tests.synthetic import ragged

SEEDS = [0, 1, 2]


@pytest.fixture
def job() -> Job:
    return Job(ragged(episodes=30), SEEDS)


@pytest.fixture
def policies() -> Trainable:
    return Trainable(Ensemble((3, 8, 4), len(SEEDS), 2), generators(SEEDS, "policies"), 0.1)


def explicit(job: Job, policies: Trainable) -> torch.Tensor:
    """Sums over the steps of each episode, one network and episode at a time."""
    dataset, found = job.dataset, torch.zeros(len(SEEDS), job.dataset.num_episodes, 2, dtype=torch.float64)
    outputs = policies(job.observations.expand(len(SEEDS), 1, -1, -1)).detach().double()
    for seed in range(len(SEEDS)):
        for z in range(2):
            mean, log_std = outputs[seed, z].chunk(2, dim=-1)
            log_probs = Normal(mean, log_std.exp()).log_prob(job.actions.double()).sum(-1)
            for episode in range(dataset.num_episodes):
                rows = range(dataset.episode_starts[episode], dataset.episode_ends[episode])
                found[seed, episode, z] = sum(log_probs[row] for row in rows)
    return found


def test_equals_an_explicit_loop(job, policies):
    scores = TrajectoryLikelihood(behaviour_rows(job), job.dataset)(policies)
    assert scores.dtype == torch.float64
    torch.testing.assert_close(scores, explicit(job, policies), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("rows", [1, 7, 100_000])
def test_chunks_do_not_matter(job, policies, monkeypatch, rows):
    expected = TrajectoryLikelihood(behaviour_rows(job), job.dataset)(policies)
    monkeypatch.setattr(trajectory_likelihood, "chunk_rows", lambda *_: rows)
    scores = TrajectoryLikelihood(behaviour_rows(job), job.dataset)(policies)
    torch.testing.assert_close(scores, expected, rtol=1e-5, atol=1e-5)


def test_lengths(job):
    lengths = TrajectoryLikelihood(behaviour_rows(job), job.dataset).lengths
    assert lengths.tolist() == job.dataset.episode_lengths.tolist()
