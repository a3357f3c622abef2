import pytest
import torch

from stages.errors import UserError
from stages.training.metrics import Diverged, Metrics


def loss(*values: float) -> dict[str, torch.Tensor]:
    return {"q": torch.tensor(values)}


def test_the_newest_loss_is_kept_every_so_many_steps():
    metrics = Metrics(every=3)
    for step in range(1, 8):
        metrics.record(step, loss(step, 10.0 * step))
    tensors = metrics.tensors()
    assert tensors["q/steps"].tolist() == [3, 6]
    assert tensors["q/values"].tolist() == [[3.0, 30.0], [6.0, 60.0]]


def test_a_loss_that_is_not_made_at_every_step_keeps_its_own_step():
    metrics = Metrics(every=5)
    for step in range(1, 11):
        metrics.record(step, loss(step) | ({"actor": torch.tensor([1.0])} if step % 2 == 0 else {}))
    assert metrics.tensors()["actor/steps"].tolist() == [4, 10]
    assert metrics.tensors()["q/steps"].tolist() == [5, 10]


def test_steps_noted_in_runs_are_kept_once_per_multiple():
    metrics = Metrics(every=100)
    for step in range(32, 32 * 20 + 1, 32):
        metrics.record(step, loss(step))
    assert metrics.tensors()["q/steps"].tolist() == [128, 224, 320, 416, 512, 608]


def test_what_is_left_at_the_end_is_kept_on_demand():
    metrics = Metrics(every=500)
    metrics.record(7, loss(1.0))
    assert metrics.tensors() == {}
    metrics.keep()
    metrics.keep()
    assert metrics.tensors()["q/steps"].tolist() == [7]


def test_values_are_copies():
    metrics, value = Metrics(every=1), torch.tensor([1.0])
    metrics.record(1, {"q": value})
    value.fill_(9.0)
    assert metrics.tensors()["q/values"].tolist() == [[1.0]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_divergence_of_one_seed_names_loss_and_step(bad):
    metrics = Metrics(every=2)
    metrics.record(1, loss(1.0, bad))
    with pytest.raises(Diverged, match=r"q was not finite at step 12,346") as raised:
        metrics.record(12_346, loss(1.0, bad))
    assert isinstance(raised.value, UserError)
    assert (raised.value.loss, raised.value.step) == ("q", 12_346)
    assert "learning rate" in raised.value.remedy


def test_divergence_is_seen_between_records_when_asked():
    metrics = Metrics(every=500)
    metrics.record(3, loss(float("nan")))
    with pytest.raises(Diverged, match="step 3"):
        metrics.check()


def test_restored_metrics_go_on_as_if_never_interrupted():
    whole, before, after = Metrics(every=3), Metrics(every=3), Metrics(every=3)
    for step in range(1, 12):
        whole.record(step, loss(step))
        (before if step <= 7 else after).record(step, loss(step))
        if step == 7:
            after.restore(before.tensors(), 7)
    for name, tensor in whole.tensors().items():
        assert torch.equal(tensor, after.tensors()[name]), name
