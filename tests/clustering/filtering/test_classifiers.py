import numpy as np
import pytest
import torch

from stages.clustering.filtering.classifiers import (
    UNIFORM_ACTIONS,
    VOTERS,
    ExampleDraws,
    Filter,
    episode_scores,
    filter_rows,
    spaced_steps,
)  # fmt: skip
from stages.training.job import Job
from stages.training.loop import Loop
from tests.clustering.discrete_policies import discrete_policies
from tests.synthetic import make_episodes, two_policies


def test_uniform_actions_lie_below_the_steps():
    vectors, numbers = two_policies(), discrete_policies()
    for dataset in (vectors, numbers):
        rows = filter_rows(Job(dataset, [0]), dataset)
        assert len(rows) == dataset.num_steps + UNIFORM_ACTIONS
        uniform = rows.chunk(dataset.num_steps, len(rows))["actions"][0, 0]
        assert uniform.abs().max() <= 1
        expected = 0 if dataset is vectors else 1 / 3
        assert uniform.mean(0).tolist() == pytest.approx([expected] * uniform.shape[1], abs=0.05)


def test_steps_are_spaced_evenly_and_stay_inside_their_episodes():
    dataset = make_episodes([1, 10, 40, 3])
    index = spaced_steps(dataset, 100)
    assert index.shape == (4, 14)
    for drawn, start, end in zip(index, dataset.episode_starts, dataset.episode_ends, strict=True):
        assert drawn.min() >= start
        assert drawn.max() < end
        assert (np.diff(drawn) >= 0).all()
    assert np.unique(index[1]).tolist() == list(range(1, 11))
    assert spaced_steps(dataset, 5).shape == (4, 5)


def test_draws_are_positives_and_sources_of_actions():
    positives = [np.arange(3) + 10 * network for network in range(2 * VOTERS)]
    unlabelled = [np.array([100, 101]), np.array([200])]
    draws = ExampleDraws([4, 9], positives, unlabelled, 1000, 8, "test")
    chunk = draws.chunk(0, draws.chunk_steps, torch.device("cpu"))["index"].numpy()
    assert chunk.shape == (draws.chunk_steps, 6, 16)
    for network in range(6):
        assert set(chunk[:, network, :8].ravel()) == set(positives[network])
        sources = chunk[:, network, 8:].ravel()
        seen = np.isin(sources, unlabelled[network // VOTERS])
        assert seen.mean() == pytest.approx(0.5, abs=0.1)
        assert (sources[~seen] >= 1000).all()
    alone = ExampleDraws([9], positives[3:], unlabelled[1:], 1000, 8, "test")
    assert np.array_equal(alone.chunk(0, 64, torch.device("cpu"))["index"].numpy(), chunk[:, 3:])


def test_the_cluster_of_the_examples_scores_higher():
    dataset = two_policies()
    job = Job(dataset, [0, 1])
    rows = filter_rows(job, dataset)
    examples = np.flatnonzero(np.isin(dataset.episode_of_step, np.flatnonzero(dataset.behaviour_policy == 1)[:6]))
    learner = Filter(rows, job.seeds, (16,), 0.01, "test")
    everything = np.arange(dataset.num_steps)
    draws = ExampleDraws(job.seeds, [examples] * 6, [everything] * 2, dataset.num_steps, 64, "test")
    Loop(learner, rows, draws).run(150)
    scores = episode_scores(learner.networks, rows, spaced_steps(dataset, 25))
    assert scores.shape == (2, VOTERS, 40)
    positive = dataset.behaviour_policy == 1
    assert (scores[..., positive].min(-1) > scores[..., ~positive].max(-1)).all()


def test_scores_are_mean_probabilities_of_the_chosen_steps():
    dataset = make_episodes([4, 7, 1])
    job = Job(dataset, [3])
    rows = filter_rows(job, dataset)
    networks = Filter(rows, job.seeds, (8,), 0.01, "test").networks
    index = spaced_steps(dataset, 3)
    batch = rows.gather(torch.from_numpy(index.reshape(1, -1)))
    inputs = torch.cat([batch["observations"], batch["actions"]], dim=-1)
    for voter in range(VOTERS):
        expected = torch.sigmoid(networks(inputs.expand(VOTERS, -1, -1, -1))[voter, 0, :, 0]).view(3, 3).mean(-1)
        assert episode_scores(networks, rows, index)[0, voter] == pytest.approx(expected.detach().numpy(), rel=1e-5)
