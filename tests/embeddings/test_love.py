import numpy as np
import pytest
import torch

from stages.clustering.autoencoders.window import EpisodeWindows
from stages.embeddings.love import LoveSettings, extract
from stages.embeddings.skills.learner import SkillLearner
from stages.embeddings.skills.network import SkillNetwork, at, turned
from stages.embeddings.skills.skills import Skills
from stages.embeddings.steps import Steps
from stages.errors import UserError
from stages.seeding import generators
from stages.training.job import Job
from stages.training.restarts import run_seeds
from stages.training.trainable_parts import TrainableParts
from tests.clustering.tables import long_table_dataset
from tests.embeddings.piecewise import piecewise
from tests.synthetic import dataset_of, make_episodes

SMALLEST = [
    LoveSettings(
        num_skills=3,
        width=8,
        window=10,
        batch_windows=4,
        pretrain_steps=2,
        train_steps=3,
        boundary_steps=2,
        compress_steps=2,
        abstraction=2,
    )
]
RAGGED = make_episodes([9, 30, 14, 8, 22])


def learner_of(dataset, seeds=(0, 1), **phase):
    """A learner, its views with gradients kept, a window of all episodes and noise for it."""
    settings, steps = SMALLEST[0], Steps.of(dataset)
    outputs = dataset.num_actions or dataset.actions.shape[1]
    network = SkillNetwork(steps, outputs, len(seeds), settings.width, settings.num_skills, settings.abstraction)
    parts = TrainableParts(network.parts, generators(seeds, "skills"), 1e-3, 10.0)
    parts.set("codebook", torch.from_numpy(generators([0], "codes")[0].standard_normal((len(seeds), 3, 8))).float())
    windows = EpisodeWindows(steps.rows(dataset), dataset, 12)
    learner = SkillLearner(network, parts, windows, settings, **phase)
    views = parts.views()
    for view in views.values():
        view.retain_grad()
    ((_, window),) = windows.consecutive(1000)
    shape = (len(seeds), *window.mask.shape[1:])
    widths = {"boundaries": 3, "skills": 3, "states": 2}
    noise = {
        name: torch.stack(
            [torch.from_numpy(g.standard_normal((*shape[1:], width))) for g in generators(seeds, name)]
        ).float()
        for name, width in widths.items()
    }
    return learner, views, window, noise


@pytest.mark.parametrize("dataset", [RAGGED, long_table_dataset(8, 2)], ids=["vectors", "choices"])
def test_every_part_gets_a_gradient(dataset):
    learner, views, window, noise = learner_of(dataset, unit=1.0)
    learner.price.fill_(0.5)
    learner.losses(views, window, noise)["loss"].sum().backward()
    for name, view in views.items():
        assert view.grad is not None and view.grad.isfinite().all() and view.grad.abs().max() > 0, name


def test_the_reconstruction_alone_moves_the_boundaries():
    learner, views, window, noise = learner_of(RAGGED)
    learner.losses(views, window, noise)["reconstruction"].sum().backward()
    assert views["convolution/5/weight"].grad.abs().max() > 0


def test_the_price_moves_boundaries_towards_fewer():
    learner, views, window, noise = learner_of(RAGGED, unit=1.0)
    learner.losses(views, window, noise)["code length"].sum().backward()
    assert (views["convolution/5/bias"].grad > 0).all()


def test_certainty_costs_where_code_has_a_price():
    learner, views, window, noise = learner_of(RAGGED, unit=2.0)
    learner.price.zero_()
    before = learner.losses(views, window, noise)
    weight, bias = "convolution/5/weight", "convolution/5/bias"
    certain = {weight: torch.zeros_like(views[weight]), bias: torch.full_like(views[bias], 4.0)}
    after = learner.losses({**views, **certain}, window, noise)
    others = [losses["loss"] - losses["reconstruction"] for losses in (before, after)]
    torch.testing.assert_close(others[1] - others[0], torch.full((2,), 2.0))  # 2 (4 - 3)^2; before, all were within 3


@pytest.mark.parametrize("alone", [True, False])
def test_boundaries_are_learnt_alone_or_with_all(alone):
    learner, views, _, noise = learner_of(RAGGED, unit=1.0, boundaries_alone=alone)
    before = {name: view.detach().clone() for name, view in views.items()}
    drawn = {
        "episode": learner.windows.episodes.float()[None, None, :, None].expand(2, 1, -1, 1),
        "window": torch.zeros(2, 1, len(learner.windows.episodes), 1),
        **{name: values.transpose(1, 2).flatten(2)[:, None] for name, values in noise.items()},
    }
    learner.step(drawn)
    moved = {name for name, view in learner.parts.views().items() if not torch.equal(view, before[name])}
    assert {"convolution/0/weight", "convolution/5/bias"} <= moved
    assert ("decoder" in moved, "codebook" in moved) == (not alone, not alone)


def test_boundaries_that_a_state_shows_are_soon_told():
    """Told them, the boundary network tells boundaries within 80 steps whatever its start: no start is a dead end."""
    dataset, true = piecewise(20, 30, seed=5)
    learner, _, _, _ = learner_of(dataset, seeds=(0, 1, 2, 3))
    windows = EpisodeWindows(learner.windows.windows.rows, dataset, 30)
    ((_, window),) = windows.consecutive(20)
    target = torch.from_numpy(true).float().view(20, 30).T.expand(4, 30, 20)
    learner.parts.learning_rate.fill_(0.01)
    for _ in range(80):
        log_odds = learner.network.read(learner.parts.views(), window).log_odds
        loss = torch.nn.functional.binary_cross_entropy_with_logits(log_odds, target, reduction="none").mean((1, 2))
        learner.parts.minimise(loss)
    knowing_nothing = 0.33
    assert (loss < 0.5 * knowing_nothing).all(), loss


def test_boundaries_know_nothing_of_what_comes_after():
    learner, views, window, _ = learner_of(RAGGED)
    before = learner.network.read(views, window)
    observations, actions = window.observations.clone(), window.actions.clone()
    observations[:, 6:] += 1
    actions[:, 5:] += 1
    after = learner.network.read(views, type(window)(observations, actions, window.mask))
    torch.testing.assert_close(after.log_odds[:, :6], before.log_odds[:, :6])
    assert (after.log_odds[:, 6] - before.log_odds[:, 6]).abs().min() > 1e-4
    assert (after.latents[:, 2] - before.latents[:, 2]).abs().max() > 1e-4  # skills do know


def test_windows_are_turned_within_their_lengths():
    mask = torch.tensor([[1, 1], [1, 1], [1, 0], [0, 0]], dtype=torch.bool)[None]
    values = torch.arange(8.0).view(1, 4, 2, 1)
    assert at(values, turned(mask))[0, :, :, 0].tolist() == [[4, 3], [2, 1], [0, 5], [6, 7]]
    assert torch.equal(at(at(values, turned(mask)), turned(mask)), values)


def test_the_price_rises_within_the_bound_and_falls_beyond():
    learner, *_ = learner_of(RAGGED, unit=1.0, bound=torch.tensor([1.0, 1.0]))
    learner.price.fill_(0.1)
    for _ in range(5):
        learner._note(torch.tensor([0.5, 2.0]))
    factor = np.exp(5 * learner.settings.price_step)
    np.testing.assert_allclose(learner.price.numpy(), [0.1 * factor, 0.1 / factor], rtol=1e-4)
    for _ in range(3000):
        learner._note(torch.tensor([0.5, 2.0]))
    np.testing.assert_allclose(learner.price.numpy(), [learner.settings.most_price, learner.settings.least_price])


@pytest.mark.parametrize("dataset", [RAGGED, long_table_dataset(8, 2)], ids=["vectors", "choices"])
def test_skills_of_an_episode_do_not_depend_on_those_beside_it(dataset):
    skills = Skills(extract(Job(dataset, [0, 1]), SMALLEST[0]))
    longest, shortest = int(dataset.episode_lengths.argmax()), int(dataset.episode_lengths.argmin())
    alone = skills.of(dataset.select(np.array([shortest])))
    beside = skills.of(dataset.select(np.array([longest, shortest])))
    count = dataset.episode_lengths[shortest]
    for name in ("scores", "log_odds"):
        torch.testing.assert_close(getattr(beside, name)[:, -count:], getattr(alone, name), rtol=1e-5, atol=1e-6)
    assert torch.equal(beside.reads[:, -count:], alone.reads)
    assert beside.scores.shape == (2, dataset.episode_lengths[[longest, shortest]].sum(), 3)


def test_a_seed_does_not_depend_on_those_beside_it():
    both, alone = (extract(Job(RAGGED, seeds), SMALLEST[0]) for seeds in ([3, 4], [4]))
    torch.testing.assert_close(
        Skills(both).of(RAGGED).scores[1], Skills(alone).of(RAGGED).scores[0], rtol=1e-3, atol=1e-3
    )


def test_of_several_runs_the_one_with_the_least_objective_is_kept():
    several = extract(Job(RAGGED, [3, 4]), SMALLEST[0].model_copy(update={"restarts": 2}))
    alone = [extract(Job(RAGGED, run_seeds([seed], 2)), SMALLEST[0]) for seed in (3, 4)]
    for place, runs in enumerate(alone):
        kept = int(runs.tensors["coded/objective"].argmin())
        for name in ("coded/objective", "coded/reconstruction", "bound"):
            torch.testing.assert_close(several.tensors[name][place], runs.tensors[name][kept], rtol=1e-3, atol=1e-3)
        scores = [Skills(found).of(RAGGED).scores for found in (several, runs)]
        torch.testing.assert_close(scores[0][place], scores[1][kept], rtol=1e-3, atol=1e-3)
    losses = several.tensors["metrics/compressed/reconstruction/values"]
    assert losses.shape[1] == 2


def test_what_has_no_skills_is_refused():
    with pytest.raises(UserError, match="the longest episode has 4 steps, two skills last at least 6"):
        extract(Job(make_episodes([4, 2]), [0]), SMALLEST[0])
    still = dataset_of(np.zeros((20, 2)), np.ones((20, 1)), np.zeros(20), [10, 10])
    with pytest.raises(UserError, match="all actions are the same"):
        extract(Job(still, [0]), SMALLEST[0])
