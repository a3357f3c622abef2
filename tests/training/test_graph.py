from types import SimpleNamespace

import pytest
import torch

from stages.training.graph import LONGEST_RUN, Replay
from stages.training.loop import Loop, Update
from tests.training.learners import Regression, regression_draws, regression_rows

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def replay(*periods: int, eager: tuple[int, ...] = ()) -> Replay:
    updates = [Update(dict, every=period) for period in periods] + [Update(dict, every=p, eager=True) for p in eager]
    return Replay(SimpleNamespace(learner=SimpleNamespace(updates=updates), step=0))


@pytest.mark.parametrize(
    ("periods", "length"),
    [((1,), 32), ((1, 2), 32), ((1, 3), 24), ((1, 500), 4), ((1, 2, 500), 4), ((1, 96), 32), ((1, 501), 1)],
)
def test_a_run_is_a_multiple_of_common_periods_and_divides_rare_ones(periods, length):
    made = replay(*periods)
    assert made.length == length
    assert made.usable
    for period in periods:
        assert (made.length % period == 0) if period <= LONGEST_RUN else (period % made.length == 0)


def test_a_rare_period_that_a_run_cannot_divide_means_no_graph():
    assert not replay(2, 501).usable


def test_an_update_that_looks_at_values_is_never_captured_however_often_it_comes():
    made = replay(1, eager=(12,))
    assert made.length == 4
    assert made.usable
    assert not Update(dict, every=12, eager=True).captured(LONGEST_RUN)
    assert Update(dict, every=12).captured(LONGEST_RUN)
    assert not Update(dict, every=33).captured(LONGEST_RUN)


class Steps:
    """A loop that notes how its steps are made."""

    def __init__(self, *periods: int, step: int = 0) -> None:
        self.step, self.made = step, []
        self.learner = SimpleNamespace(updates=[Update(dict, every=period) for period in periods])

    def eager_step(self, drawn) -> None:
        self.made.append((1, int(drawn["index"])))
        self.step += 1


def runs(loop: Steps, first: int, count: int) -> list[tuple[int, int]]:
    made = Replay(loop)

    def replayed(drawn) -> None:
        loop.made.append((len(drawn["index"]), int(drawn["index"][0])))
        loop.step += made.length

    made._replay = replayed
    made.run_chunk({"index": torch.arange(first, first + count)})
    return loop.made


def test_whole_runs_are_replayed_and_the_rest_is_made_eagerly():
    assert runs(Steps(1), 0, 70) == [(32, 0), (32, 32), *((1, i) for i in range(64, 70))]


def test_runs_begin_at_multiples_of_their_length():
    loop = Steps(1, step=30)
    assert runs(loop, 30, 40) == [(1, 30), (1, 31), (32, 32), *((1, i) for i in range(64, 70))]
    assert loop.step == 70


def test_without_a_usable_graph_every_step_is_eager():
    assert runs(Steps(2, 501), 0, 40) == [(1, i) for i in range(40)]


def trained(device: str, graph: bool = True, steps: int = 130) -> tuple[Regression, dict[str, torch.Tensor]]:
    learner = Regression([0, 1, 2], device)
    loop = Loop(learner, regression_rows(device), regression_draws([0, 1, 2]), log_every=10)
    if not graph:
        loop.replay = None
    metrics = loop.run(steps).tensors()
    return learner, metrics


@needs_gpu
def test_replayed_steps_equal_eager_ones():
    (replayed, logged), (eager, expected) = trained("cuda"), trained("cuda", graph=False)
    for name, tensor in eager.tensors().items():
        torch.testing.assert_close(replayed.tensors()[name], tensor, rtol=1e-4, atol=1e-5, msg=name)
    torch.testing.assert_close(logged["fit/values"][-1], expected["fit/values"][-1], rtol=1e-3, atol=1e-5)


@needs_gpu
def test_capturing_leaves_no_trace():
    one, other = trained("cuda", steps=32)[0], trained("cuda", graph=False, steps=32)[0]
    assert one.tensors()["step"] == other.tensors()["step"] == 32


@needs_gpu
def test_gradients_and_losses_are_those_of_the_cpu():
    found = {}
    for device in ("cpu", "cuda"):
        learner, rows, draws = Regression([0, 1, 2], device), regression_rows(device), regression_draws([0, 1, 2])
        loop = Loop(learner, rows, draws)
        chunk = draws.chunk(0, 1, torch.device(device))
        batch = loop.batch({name: values[0] for name, values in chunk.items()})
        gradients = []
        learner.network.apply_gradient = lambda held=learner, into=gradients: into.append(held.network.parameters.grad.cpu())
        found[device] = learner.fit(batch)["fit"].detach().cpu(), gradients[0]
    for cpu, cuda in zip(found["cpu"], found["cuda"], strict=True):
        torch.testing.assert_close(cuda, cpu, rtol=1e-4, atol=1e-6)


@needs_gpu
def test_training_on_cuda_equals_the_cpu():
    cuda, cpu = trained("cuda")[0].tensors(), trained("cpu")[0].tensors()
    torch.testing.assert_close(cuda["parameters"].cpu(), cpu["parameters"], rtol=1e-2, atol=1e-3)
