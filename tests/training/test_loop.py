import pytest
import torch

from stages.progress import Progress
from stages.training.checkpoint import Checkpoint
from stages.training.loop import Loop
from stages.training.metrics import Diverged
from tests.training.learners import Counter, Regression, regression_draws, regression_rows


def loop_of(learner, **options) -> Loop:
    return Loop(learner, regression_rows(), regression_draws([0, 1]), **options)


def test_updates_come_at_multiples_of_their_period():
    learner = Counter(periods=(1, 3, 40))
    loop_of(learner).run(100)
    assert learner.calls == [list(range(1, 101)), list(range(3, 101, 3)), [40, 80]]


def test_the_period_is_kept_over_several_runs():
    learner = Counter(periods=(1, 7))
    loop = loop_of(learner)
    for stop in (5, 33, 33, 70):
        loop.run(stop)
    assert learner.calls == [list(range(1, 71)), list(range(7, 71, 7))]


def test_several_runs_equal_one():
    whole, parts = Regression([0, 1]), Regression([0, 1])
    loop_of(whole).run(100)
    loop = loop_of(parts)
    for stop in (10, 11, 64, 100):
        loop.run(stop)
    for name, tensor in whole.tensors().items():
        assert torch.equal(tensor, parts.tensors()[name]), name


def test_a_finished_learner_stops_at_the_end_of_a_chunk():
    learner = Counter(stop_after=40)
    loop = loop_of(learner)
    loop.run(1000)
    assert loop.step == 64
    assert len(learner.calls[0]) == 64


def test_losses_are_logged_every_so_often_and_at_the_end():
    metrics = loop_of(Regression([0, 1]), log_every=30).run(100).tensors()
    assert metrics["fit/steps"].tolist() == [30, 60, 90, 100]
    assert metrics["target/steps"].tolist() == [30, 60, 90, 100]
    assert metrics["fit/values"].shape == (4, 2)
    assert (metrics["fit/values"][-1] < metrics["fit/values"][0]).all()


def test_a_run_shorter_than_the_logging_period_still_reports_its_losses():
    assert loop_of(Regression([0, 1]), log_every=500).run(20).tensors()["fit/steps"].tolist() == [20]


def test_divergence_stops_with_step_and_loss_even_in_a_short_run():
    losses = [1.0] * 9 + [float("nan")] * 100
    with pytest.raises(Diverged, match="loss 0 was not finite at step 10"):
        loop_of(Counter(losses=losses), log_every=10).run(50)
    with pytest.raises(Diverged, match="loss 0"):
        loop_of(Counter(losses=losses)).run(20)


def test_nothing_that_diverged_gets_into_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    checkpoint = Checkpoint("test", "out", "print", every_seconds=0.0)
    with pytest.raises(Diverged):
        loop_of(Counter(losses=[1.0] * 40 + [float("nan")] * 100), checkpoint=checkpoint).run(100)
    resumed = Counter()
    assert Checkpoint("test", "out", "print").resume(resumed, loop_of(resumed).metrics) == 32
    assert resumed.step == 32


def test_a_diverging_network_is_noticed():
    with pytest.raises(Diverged):
        loop_of(Regression([0, 1], learning_rate=1e30)).run(300)


def test_progress_is_told_every_chunk():
    steps_told: list[int] = []

    class Told(Progress):
        def advance_to(self, done: int) -> None:
            steps_told.append(done)

    with Told("test", 100) as progress:
        loop_of(Counter(), progress=progress).run(100)
    assert steps_told == [32, 64, 96, 100]


def test_seeds_do_not_influence_each_other():
    block, alone = Regression([0, 1]), Regression([1])
    loop_of(block).run(60)
    Loop(alone, regression_rows(), regression_draws([1])).run(60)
    together = [view[1] for view in block.network.ensemble.views(block.network.parameters)]
    views = [view[0] for view in alone.network.ensemble.views(alone.network.parameters)]
    for ours, expected in zip(together, views, strict=True):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-6)


def test_a_batch_holds_rows_and_noise():
    loop = loop_of(Regression([0, 1]))
    drawn = {"index": torch.tensor([[5, 6], [7, 8]]), "noise": torch.ones(2, 1, 2, 2)}
    batch = loop.stepper.batch(drawn)
    assert set(batch) == {"inputs", "outputs", "noise"}
    torch.testing.assert_close(batch["inputs"][1, 0], loop.rows.matrix[[7, 8], :3])
