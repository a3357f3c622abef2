"""Values of two random walks over five states, compared with linear systems written down row by row."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset
from stages.datasets.transitions import returns_to_go
from stages.empo.critic_settings import CriticSettings
from stages.empo.critics import ReturnV, SarsaQ, train_critics
from stages.errors import UserError
from stages.formats.native import write_native
from stages.networks.ensemble import Ensemble
from stages.train_critics import main
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.loop import Loop
from tests.synthetic import dataset_of, one_hot

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    CriticSettings(hidden_sizes=(16, 16), batch_size=50, learning_rate=0.003, q_steps=40, value_epochs=2),
]

STATES, DISCOUNT, LIMIT = 5, 0.8, 7
SETTINGS = {
    "discount": DISCOUNT, "q_steps": 1500, "value_epochs": 60, "target_every": 1, "target_update_rate": 0.1,
    "hidden_sizes": (32,), "batch_size": 128, "learning_rate": 5e-3,
}  # fmt: skip


@cache
def walks() -> tuple[EpisodeDataset, np.ndarray, np.ndarray, np.ndarray]:
    """Walks that end beyond the last state or are cut after 7 steps: dataset, label per episode, state, action."""
    random = np.random.default_rng(0)
    states, actions, rewards, lengths, cut, labels = [], [], [], [], [], []
    for episode in range(120):
        state, label, length = int(random.integers(0, STATES)), episode % 2, 0
        while True:
            action = 1 if random.random() < (0.75, 0.45)[label] else -1
            states.append(state)
            actions.append(action)
            rewards.append(-1.0 - 0.5 * (state == 2) + 0.25 * action)
            state, length = max(state + action, 0), length + 1
            if state == STATES or length == LIMIT:
                break
        lengths.append(length)
        cut.append(state != STATES)
        labels.append(label)
    visited, moves = np.array(states), np.array(actions)
    dataset = dataset_of(one_hot(visited, STATES), moves[:, None], np.array(rewards), lengths, cut)
    return dataset, np.array(labels), visited, (moves + 1) // 2


def exact_q(n: int) -> np.ndarray:
    """``Q[z, s, a]``: mean over the rows of each entry of n rewards plus the discounted Q of what came after them."""
    dataset, labels, state, action = walks()
    size = 2 * STATES * 2
    sums, counts, rewards = np.zeros((size, size)), np.zeros(size), np.zeros(size)

    def entry(row: int) -> int:
        return (labels[dataset.episode_of_step[row]] * STATES + state[row]) * 2 + action[row]

    for start, end in zip(dataset.episode_starts, dataset.episode_ends, strict=True):
        for row in range(start, end):
            stop = min(row + n, end)
            if stop == end and dataset.truncations[end - 1]:
                continue
            counts[entry(row)] += 1
            rewards[entry(row)] += sum(DISCOUNT ** (t - row) * dataset.rewards[t] for t in range(row, stop))
            if stop < end:
                sums[entry(row), entry(stop)] += DISCOUNT ** (stop - row)
    seen = np.maximum(counts, 1)
    solution = np.linalg.solve(np.eye(size) - sums / seen[:, None], rewards / seen)
    return np.where(counts > 0, solution, np.nan).reshape(2, STATES, 2)


def both_ways() -> torch.Tensor:
    """Labels of two seeds; the second calls the clusters by each other's number."""
    labels = walks()[1]
    return torch.from_numpy(np.stack([labels, 1 - labels]))


def learnt_q(n: int) -> np.ndarray:
    """``[seed, output, state, action]`` in units of the rewards."""
    job = Job(walks()[0], [0, 1])
    learner = SarsaQ(
        job, EpisodeTable.one_hot(both_ways(), 2, job.device), CriticSettings(n_step=n, **SETTINGS), scale=4.0
    )
    loop = Loop(learner, learner.rows, UniformDraws([0, 1], len(learner.rows), 128))
    for stop, rate in ((1000, 5e-3), (1500, 5e-4)):
        learner.q.learning_rate.fill_(rate)
        loop.run(stop)
    states = job.normaliser.observations(torch.eye(STATES))
    pairs = torch.cat([states.repeat_interleave(2, 0), torch.tensor([-1.0, 1.0]).repeat(STATES)[:, None]], dim=1)
    values = learner.q(pairs.expand(2, 1, -1, -1))[:, 0].detach()
    return (4.0 * values.mT).reshape(-1, 2, STATES, 2).numpy()


@pytest.mark.parametrize("n", [1, 3])
def test_sarsa_reaches_the_exact_solution(n):
    found, exact = learnt_q(n), exact_q(n)
    visited = ~np.isnan(exact)
    assert visited.mean() > 0.9
    assert np.ptp(exact[visited]) > 2.0
    for seed, labels_swapped in enumerate((False, True)):
        expected = exact[::-1] if labels_swapped else exact
        error = np.abs(found[seed] - expected)[~np.isnan(expected)]
        assert error.mean() < 0.1
        assert error.max() < 0.4  # of the rarest pair of state and action, which few batches hold


def test_v_is_the_mean_return_of_each_cluster_and_state():
    dataset, labels, state, _ = walks()
    job = Job(dataset, [0, 1])
    made = train_critics(job, both_ways().numpy(), 2, CriticSettings(**{**SETTINGS, "q_steps": 0}))
    returns = np.zeros(dataset.num_steps)
    for start, end in zip(dataset.episode_starts, dataset.episode_ends, strict=True):
        for row in range(start, end):
            returns[row] = sum(DISCOUNT ** (t - row) * dataset.rewards[t] for t in range(row, end))
    cluster = labels[dataset.episode_of_step]
    expected = np.array([[returns[(cluster == z) & (state == s)].mean() for s in range(STATES)] for z in range(2)])
    v = Ensemble(made.metadata["v_sizes"], 2)
    inputs = job.normaliser.observations(torch.eye(STATES)).expand(2, 1, -1, -1)
    values = (v(made.tensors["v/parameters"].detach(), inputs)[:, 0].mT * made.tensors["scale"]).numpy()
    np.testing.assert_allclose(values[0], expected, atol=0.15)
    np.testing.assert_allclose(values[1], expected[::-1], atol=0.15)


RING_REWARDS, RING_STEPS = np.array([2.0, 0.0, -1.0]), 4


def ring() -> tuple[EpisodeDataset, np.ndarray]:
    """Episodes that go round three states for ever, cut after 4 steps: dataset, state of each row."""
    state = (np.arange(RING_STEPS) + np.arange(48)[:, None]).ravel() % 3
    arrays = one_hot(state, 3), np.zeros((len(state), 1)), RING_REWARDS[state]
    dataset = dataset_of(*arrays, [RING_STEPS] * 48, [True] * 48)
    return replace(dataset, next_observations=np.float32(one_hot((state + 1) % 3, 3))), state


@pytest.mark.parametrize("continued", [False, True])
def test_cut_returns_go_on_where_they_are_continued(continued):
    dataset, state = ring()
    discounts = DISCOUNT ** np.arange(200)
    endless = np.array([discounts @ np.resize(np.roll(RING_REWARDS, -s), 200) for s in range(3)])
    cut = np.array([returns_to_go(dataset, DISCOUNT)[state == s].mean() for s in range(3)])
    assert np.abs(endless - cut).min() > 0.3  # in steps of which both are within 0.1
    changed = {"q_steps": 0, "value_epochs": 150, "batch_size": 32, "continue_truncated": continued}
    job = Job(dataset, [0])
    made = train_critics(job, np.zeros((1, 48), dtype=np.int64), 1, CriticSettings(**SETTINGS | changed))
    states = job.normaliser.observations(torch.eye(3)).expand(1, 1, -1, -1)
    values = Ensemble(made.metadata["v_sizes"], 1)(made.tensors["v/parameters"].detach(), states)
    found = (values.flatten() * made.tensors["scale"]).numpy()
    np.testing.assert_allclose(found, endless if continued else cut, atol=0.1)


def test_continuing_changes_nothing_where_nothing_was_cut():
    dataset = dataset_of(np.random.default_rng(0).normal(size=(60, 2)), np.zeros((60, 1)), np.ones(60), [20, 30, 10])
    job, labels = Job(dataset, [0]), np.zeros((1, 3), dtype=np.int64)
    settings = {**SETTINGS, "q_steps": 0, "value_epochs": 2, "batch_size": 20}
    made = [train_critics(job, labels, 1, CriticSettings(**settings, continue_truncated=on)) for on in (False, True)]
    assert torch.equal(made[0].tensors["v/parameters"], made[1].tensors["v/parameters"])


@pytest.mark.parametrize("n", [1, 3, 100])
def test_only_rows_cut_off_by_truncation_are_left_out(n):
    dataset, labels, *_ = walks()
    job = Job(dataset, [0])
    assignment = EpisodeTable.one_hot(torch.from_numpy(labels[None]), 2, job.device)
    learner = SarsaQ(job, assignment, CriticSettings(n_step=n, **SETTINGS), scale=2.0)
    lost = sum(min(n, int(length)) for length, end in zip(dataset.episode_lengths, dataset.episode_ends, strict=True)
               if dataset.truncations[end - 1])  # fmt: skip
    assert lost > 0
    assert len(learner.rows) == dataset.num_steps - lost


def test_rows_bootstrap_from_what_was_done_next():
    dataset, labels, *_ = walks()
    job = Job(dataset, [0])
    assignment = EpisodeTable.one_hot(torch.from_numpy(labels[None]), 2, job.device)
    learner = SarsaQ(job, assignment, CriticSettings(n_step=2, **SETTINGS), scale=2.0)
    batch = learner.rows.chunk(0, len(learner.rows))
    episode = int(np.flatnonzero((dataset.episode_lengths > 3) & dataset.terminations[dataset.episode_ends - 1])[0])
    first = int((batch["episode"].flatten() == episode).nonzero()[0])
    row, end = int(dataset.episode_starts[episode]), int(dataset.episode_ends[episode])
    rewards = dataset.rewards[row] + DISCOUNT * dataset.rewards[row + 1]
    assert batch["rewards"][0, 0, first].item() == pytest.approx(rewards / 2, rel=1e-5)
    assert batch["discounts"][0, 0, first].item() == pytest.approx(DISCOUNT**2)
    following = torch.cat([job.observations[row + 2], job.actions[row + 2]])
    torch.testing.assert_close(batch["next_pairs"][0, 0, first], following)
    assert batch["discounts"][0, 0, first + end - row - 1].item() == 0


def test_a_row_trains_only_the_output_of_its_cluster():
    dataset, labels, *_ = walks()
    job = Job(dataset, [0])
    assignment = EpisodeTable.one_hot(torch.zeros(1, len(labels), dtype=torch.int64), 2, job.device)
    for learner, network in (
        (q := SarsaQ(job, assignment, CriticSettings(**SETTINGS), 1.0), q.q),
        (v := ReturnV(job, assignment, CriticSettings(**SETTINGS), np.ones(dataset.num_steps)), v.v),
    ):
        *_, weight, bias = network.ensemble.views(network.parameters.detach())
        before = weight.clone(), bias.clone()
        learner.fit(learner.rows.gather(torch.arange(50)[None]))
        assert (weight[..., 0] != before[0][..., 0]).any()
        assert torch.equal(weight[..., 1], before[0][..., 1])
        assert torch.equal(bias[..., 1], before[1][..., 1])


def test_constant_rewards_do_not_divide_by_zero():
    dataset = dataset_of(np.eye(3), np.zeros((3, 1)), np.zeros(3), [1, 1, 1])
    settings = CriticSettings(**{**SETTINGS, "q_steps": 5, "value_epochs": 2})
    made = train_critics(Job(dataset, [0]), np.zeros((1, 3), dtype=np.int64), 1, settings)
    assert made.tensors["q/parameters"].isfinite().all()
    assert made.tensors["v/parameters"].isfinite().all()


@pytest.mark.parametrize(("lengths", "n"), [([1, 1, 1], 1), ([2, 3, 2], 3)])
def test_episodes_that_tell_nothing_of_q_are_refused(lengths, n):
    rows = sum(lengths)
    dataset = dataset_of(np.eye(rows), np.zeros((rows, 1)), np.arange(rows), lengths, [True] * 3)
    with pytest.raises(UserError, match=r"^n_step: episodes of at most \d steps, all cut by truncation"):
        train_critics(Job(dataset, [0]), np.zeros((1, 3), dtype=np.int64), 1, CriticSettings(n_step=n, **SETTINGS))


def test_rewards_that_tell_no_policy_from_another_are_refused(tmp_path):
    dataset = dataset_of(np.eye(4), np.zeros((4, 1)), np.ones(4), [2, 2], [True, True])
    write_native(tmp_path / "a.hdf5", dataset)
    Artifact({"labels": torch.zeros(1, 2, dtype=torch.int64)}, {"num_clusters": 1}).save(tmp_path / "c.safetensors")
    with pytest.raises(UserError, match="all rewards are 1, so no policy is better than another"):
        main(str(tmp_path / "a.hdf5"), str(tmp_path / "c.safetensors"), "out", CriticSettings(), [0], "cpu")
