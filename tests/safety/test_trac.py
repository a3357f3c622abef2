import numpy as np
import pytest
import torch
from torch.nn.functional import logsigmoid

from stages.agents.contract import Conditions
from stages.agents.loading import load_agent
from stages.errors import UserError
from stages.safety import SAFETY
from stages.safety.contract import train_safe
from stages.safety.segments.partition import DESIRABLE, LEFT_OUT, partition
from stages.safety.segments.segment_rows import SegmentRows
from stages.safety.segments.settings import PartitionSettings
from stages.safety.trac import Classification, Trac, TracSettings, classification_loss
from stages.training.job import Job
from tests.safety.two_speeds import two_speeds

# The least that makes sense, for the tests that every method has to pass.
SMALLEST = [
    TracSettings(
        hidden_sizes=(16, 16),
        num_steps=20,
        batch_size=16,
        learning_rate=0.001,
        pretraining_steps=10,
        pretraining_batch_size=16,
        warm_up_steps=5,
    ),
]

LIMITS = (2.0, 4.0)
QUICK = {"hidden_sizes": (16,), "batch_size": 8, "pretraining_steps": 30, "pretraining_learning_rate": 1e-2}
QUICK |= {"num_steps": 40, "learning_rate": 1e-3, "warm_up_steps": 10}


def labelled(dataset=None, **settings):
    dataset = two_speeds() if dataset is None else dataset
    common = {"cost_limits": LIMITS, "labels_by": "episode", "segment_length": 3, "stride": 1}
    return dataset, partition(dataset, PartitionSettings(**common | settings))


def algorithm(seeds=(0, 1), **settings):
    dataset, made = labelled()
    return Trac(Job(dataset, list(seeds)), TracSettings(**QUICK | settings), made.artifact())


def classifier(trac):
    rows = SegmentRows(trac.job, trac.partition, trac.numbers, trac.actor, trac.head)
    learner = Classification(trac.actor, trac.head, trac.partition.segments.length, trac.settings)
    return rows, learner


def some_segments(trac, count=8):
    picked = [np.flatnonzero(labels != LEFT_OUT)[:: len(labels) // 20][:count] for labels in trac.labels]
    return torch.from_numpy(np.stack(picked)).expand(len(trac.job.seeds), -1, -1)


def scores_of(trac, rows, learner):
    batch = rows.gather(some_segments(trac))
    log_probs = trac.head.log_prob(trac.actor(batch["observations"]), batch["actions"])
    return learner.scores(log_probs - batch["reference"])


@pytest.mark.parametrize("policy", ["deterministic", "gaussian"])
def test_every_score_is_zero_at_the_switch_and_not_after(policy):
    trac = algorithm(policy=policy)
    trac.pretrain()
    rows, learner = classifier(trac)
    scores = scores_of(trac, rows, learner)
    assert scores.shape == (2, 2, 8)
    torch.testing.assert_close(scores, torch.zeros_like(scores), atol=1e-6, rtol=0)
    for _ in range(3):
        learner.fit(rows.gather(some_segments(trac)))
    assert scores_of(trac, rows, learner).abs().min() > 0


def test_a_score_is_the_discounted_sum_of_log_ratios():
    trac = algorithm(score_scale=0.3, discount=0.5)
    _, learner = classifier(trac)
    ratios = torch.tensor([1.0, 2.0, 4.0, -1.0, 0.0, 8.0]).expand(1, 1, 6)
    expected = 0.3 * torch.tensor([[[1 + 1 + 1.0, -1 + 2.0]]])
    torch.testing.assert_close(learner.scores(ratios), expected)


def test_residual_units_make_scores_independent_of_how_well_actions_can_be_told():
    trac = algorithm(residual_units=True)
    trac.pretrain()
    rows, _ = classifier(trac)
    unit = trac.unit(rows)
    torch.testing.assert_close(unit, -rows.reference.mean(-1))
    scaled = Classification(trac.actor, trac.head, 3, trac.settings, unit)
    ratios = torch.ones(2, 2, 6) * unit[..., None]
    expected = trac.settings.score_scale * (1 + 0.99 + 0.99**2)
    torch.testing.assert_close(scaled.scores(ratios), torch.full((2, 2, 2), expected))


def test_cloning_beside_the_classifier_counts_in_the_score_s_units():
    trac = algorithm(cloning_weight=0.5, sides="desirable")
    trac.pretrain()
    rows, _ = classifier(trac)
    batch = rows.gather(some_segments(trac))
    batch["labels"] = torch.zeros_like(batch["labels"])  # no classification, so cloning is all there is
    steps = []
    for unit in (1.0, 4.0):
        learner = Classification(trac.actor, trac.head, 3, trac.settings, unit)
        minimised = []
        trac.actor.minimise = minimised.append
        learner.fit(batch)
        steps.append(minimised[0])
    log_probs = trac.head.log_prob(trac.actor(batch["observations"]), batch["actions"])
    torch.testing.assert_close(steps[0], -0.5 * log_probs.mean(-1))
    torch.testing.assert_close(steps[1], steps[0] / 4)


@pytest.mark.parametrize(
    "settings", [{"residual_units": False}, {"residual_units": True, "policy": "gaussian"}], ids=str
)
def test_without_residual_units_scores_are_as_they_are(settings):
    trac = algorithm(**settings)
    rows, _ = classifier(trac)
    assert torch.equal(trac.unit(rows), torch.ones(2, 2))


def reference_loss(scores, labels, weights, eta):
    """The released form in float64, without its clamp: ``log(sigmoid)`` of each label."""
    scores, labels, weights = (values.double() for values in (scores, labels, weights))
    balance = torch.where(labels == 1, 1.0, eta * (labels == 1).sum() / (labels == 0).sum())
    entropies = labels * logsigmoid(scores) + (1 - labels) * torch.log1p(-torch.sigmoid(scores))
    return -(balance * weights * entropies).mean()


def test_the_loss_equals_a_float64_reference():
    random = torch.Generator().manual_seed(0)
    scores, weights = (torch.randn(3, 2, 20, generator=random) for _ in range(2))
    labels = (torch.rand(3, 2, 20, generator=random) < 0.3).float()
    found = classification_loss(scores, labels, weights.abs(), 0.5)
    for seed, limit in np.ndindex(3, 2):
        arrays = scores[seed, limit], labels[seed, limit], weights[seed, limit].abs()
        assert found[seed, limit].item() == pytest.approx(reference_loss(*arrays, 0.5).item(), rel=1e-5)


def test_segments_far_on_the_wrong_side_keep_their_gradient():
    scores = torch.tensor([-200.0, 200.0], requires_grad=True)
    loss = classification_loss(scores, torch.tensor([1.0, 0.0]), torch.ones(2), 1.0)
    loss.backward()
    assert loss.item() == pytest.approx(200)
    assert scores.grad.tolist() == pytest.approx([-0.5, 0.5])


def test_a_batch_that_lacks_a_label_has_only_the_other_term():
    scores, weights = torch.tensor([0.5, -1.0]), torch.tensor([1.0, 0.7])
    only_desirable = classification_loss(scores, torch.ones(2), weights, 0.5)
    assert only_desirable.item() == pytest.approx(-(weights * logsigmoid(scores)).mean().item())
    assert classification_loss(scores, torch.zeros(2), weights, 0.5).item() == 0


def test_the_sides_add_up_to_both():
    scores, labels, weights = torch.tensor([0.5, -1.0, 2.0]), torch.tensor([1.0, 0.0, 0.0]), torch.ones(3)
    parts = [classification_loss(scores, labels, weights, 0.5, side) for side in ("desirable", "undesirable")]
    torch.testing.assert_close(sum(parts), classification_loss(scores, labels, weights, 0.5))
    assert (torch.stack(parts) > 0).all()


def test_the_gradient_reaches_the_policy_and_nothing_else():
    trac = algorithm()
    trac.pretrain()
    rows, learner = classifier(trac)
    reference, policy = trac.actor.target_parameters.clone(), trac.actor.parameters.detach().clone()
    cached = rows.reference.clone()
    learner.fit(rows.gather(some_segments(trac)))
    assert not rows.reference.requires_grad
    torch.testing.assert_close(rows.reference, cached, atol=0, rtol=0)
    torch.testing.assert_close(trac.actor.target_parameters, reference, atol=0, rtol=0)
    moved = (trac.actor.parameters.detach() != policy).float()
    assert all(part.flatten(1).any(1).all() for part in trac.policy.views(moved))  # every layer of every network


def test_the_rate_rises_in_a_line_and_stays():
    trac = algorithm(learning_rate=0.02, warm_up_steps=4)
    rows, learner = classifier(trac)
    rates = []
    for _ in range(6):
        learner.fit(rows.gather(some_segments(trac)))
        rates.append(trac.actor.learning_rate.item())
    assert rates == pytest.approx([0.005, 0.01, 0.015, 0.02, 0.02, 0.02])


def test_the_cached_reference_is_that_of_the_rows():
    trac = algorithm()
    trac.pretrain()
    rows, _ = classifier(trac)
    index = some_segments(trac, 5)
    batch = rows.gather(index)
    outputs = trac.actor.target(batch["observations"])
    torch.testing.assert_close(batch["reference"], trac.head.log_prob(outputs, batch["actions"]))
    first = trac.partition.segments.first_rows(trac.job.dataset)[index[0, 1, 2]]
    torch.testing.assert_close(batch["observations"][0, 1, 6:9], trac.job.observations[first : first + 3])
    assert batch["labels"][0, 1, 2].item() == trac.partition.labels[1, index[0, 1, 2]]


def test_a_balanced_batch_is_half_desirable_under_every_limit():
    trac = algorithm()
    assert [len(pools) for pools in trac.pools()] == [2, 2]
    for pools, labels in zip(trac.pools(), trac.labels, strict=True):
        assert (labels[pools[0]] == DESIRABLE).all()
        assert len(pools[0]) + len(pools[1]) == (labels != LEFT_OUT).sum()
    assert [len(pools) for pools in algorithm(balanced_batches=False).pools()] == [1, 1]


def trained(seeds, method="trac", **settings):
    dataset, made = labelled()
    return train_safe(Job(dataset, list(seeds)), SAFETY.choose({"method": method} | QUICK | settings), made.artifact())


def test_a_seed_learns_the_same_alone_and_in_a_block():
    observations = torch.from_numpy(two_speeds().observations[:6])
    block, alone = load_agent([trained([3, 7])]), load_agent([trained([7])])
    limits = torch.tensor([2.0, 4.0, 2.0, 4.0, 2.0, 4.0])
    block.begin(Conditions(torch.ones(6, dtype=torch.int64), limits))
    alone.begin(Conditions(torch.zeros(6, dtype=torch.int64), limits))
    torch.testing.assert_close(block.act(observations), alone.act(observations), atol=1e-5, rtol=1e-5)


def test_it_takes_the_slow_actions_of_the_safe_episodes():
    made = trained([0], pretraining_steps=300, num_steps=300)
    agent = load_agent([made])
    agent.begin(Conditions(torch.zeros(50, dtype=torch.int64), torch.full((50,), 2.0)))
    speeds = agent.act(torch.from_numpy(two_speeds().observations[:50]))[:, 0]
    assert speeds.max() < 0  # nearer to the slow ones' -0.8 than to the fast ones' 0.8
    assert speeds.mean() < -0.6
    assert made.metadata["partition"]["limits"][0]["limit"] == 2


@pytest.mark.parametrize(
    "settings",
    [{"sides": "desirable"}, {"sides": "undesirable"}, {"pretraining_steps": 0}, {"cloning_weight": 1.0}],
    ids=str,
)
def test_variants_train(settings):
    made = trained([0], balanced_batches=False, **settings)
    assert torch.isfinite(made.tensors["policy/parameters"]).all()


def test_limits_that_the_partition_lacks_are_refused():
    with pytest.raises(UserError, match="no labels for the cost limit 3"):
        trained([0], cost_limits=(2.0, 3.0))
    assert trained([0], cost_limits=(4.0,)).metadata["limits"] == [4.0]
    with pytest.raises(UserError, match="trac needs partition"):
        train_safe(Job(two_speeds(), [0]), SAFETY.choose({"method": "trac"}))
