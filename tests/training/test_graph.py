import pytest
import torch

from stages.training.graph import Replay, stepper_for
from stages.training.learner import Update
from stages.training.loop import Loop
from stages.training.stepper import LONGEST_RUN, Stepper
from tests.training.learners import Counter, Regression, regression_draws, regression_rows

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")


def replay(*periods: int, eager: tuple[int, ...] = ()) -> Replay:
    learner = Counter(periods)
    learner.updates += [Update(dict, every=period, eager=True) for period in eager]
    return Replay(learner, regression_rows())


@pytest.mark.parametrize(
    ("periods", "length"), [((1,), 32), ((1, 2), 32), ((1, 3), 30), ((1, 500), 32), ((1, 2, 500), 32), ((1, 5, 7), 0)]
)
def test_a_run_is_the_longest_multiple_of_the_captured_periods(periods, length):
    assert replay(*periods).length == length


def test_an_update_that_looks_at_values_is_never_captured_however_often_it_comes():
    made = replay(1, eager=(12,))
    assert (made.period, made.rare_periods) == (1, [12])
    assert not Update(dict, every=12, eager=True).captured(LONGEST_RUN)
    assert Update(dict, every=12).captured(LONGEST_RUN)
    assert not Update(dict, every=33).captured(LONGEST_RUN)


class Steps(Replay):
    """Notes how steps are made: for each run its length and first index."""

    def __init__(self, *periods: int, step: int = 0) -> None:
        super().__init__(Counter(periods), regression_rows())
        self.step, self.made = step, []

    def single(self, drawn) -> dict:
        self.made.append((1, int(drawn["index"])))
        self.step += 1
        return {}

    def _replay(self, drawn) -> dict:
        self.made.append((len(drawn["index"]), int(drawn["index"][0])))
        self.step += self.length
        return {}


def runs(stepper: Steps, first: int, count: int) -> list[tuple[int, int]]:
    assert len(list(stepper.run({"index": torch.arange(first, first + count)}))) == len(stepper.made)
    return stepper.made


def test_whole_runs_are_replayed_and_the_rest_is_made_eagerly():
    assert runs(Steps(1), 0, 70) == [(32, 0), (32, 32), *((1, i) for i in range(64, 70))]


def test_runs_begin_in_phase_with_the_captured_periods():
    stepper = Steps(1, 2, step=31)
    assert runs(stepper, 31, 40) == [(1, 31), (32, 32), *((1, i) for i in range(64, 71))]
    assert stepper.step == 71


def test_a_rare_update_falls_on_the_end_of_a_run_or_of_an_eager_step():
    made = runs(Steps(1, 70), 0, 140)
    assert made[:8] == [(32, 0), (32, 32), *((1, i) for i in range(64, 70))]
    assert made[8:10] == [(32, 70), (32, 102)]


def trained(device: str, graph: bool = True, steps: int = 130) -> tuple[Regression, dict[str, torch.Tensor]]:
    learner, rows = Regression([0, 1, 2], device), regression_rows(device)
    stepper = stepper_for(learner, rows) if graph else Stepper(learner, rows)
    loop = Loop(learner, rows, regression_draws([0, 1, 2]), log_every=10, stepper=stepper)
    return learner, loop.run(steps).tensors()


@needs_gpu
def test_replayed_steps_equal_eager_ones():
    (replayed, logged), (eager, expected) = trained("cuda"), trained("cuda", graph=False)
    for name, tensor in eager.tensors().items():
        torch.testing.assert_close(replayed.tensors()[name], tensor, rtol=1e-4, atol=1e-5, msg=name)
    torch.testing.assert_close(logged["fit/values"][-1], expected["fit/values"][-1], rtol=1e-3, atol=1e-5)


@needs_gpu
def test_capturing_leaves_no_trace():
    this, other = trained("cuda", steps=32)[0], trained("cuda", graph=False, steps=32)[0]
    assert this.tensors()["step"] == other.tensors()["step"] == 32


@needs_gpu
def test_gradients_and_losses_are_those_of_the_cpu():
    found = {}
    for device in ("cpu", "cuda"):
        learner, rows, draws = Regression([0, 1, 2], device), regression_rows(device), regression_draws([0, 1, 2])
        chunk = draws.chunk(0, 1, torch.device(device))
        batch = Stepper(learner, rows).batch({name: values[0] for name, values in chunk.items()})
        gradients = []
        learner.network.apply_gradient = lambda held=learner, into=gradients: into.append(
            held.network.parameters.grad.cpu()
        )
        found[device] = learner.fit(batch)["fit"].detach().cpu(), gradients[0]
    for cpu, cuda in zip(found["cpu"], found["cuda"], strict=True):
        torch.testing.assert_close(cuda, cpu, rtol=1e-4, atol=1e-6)


@needs_gpu
def test_training_on_cuda_equals_the_cpu():
    cuda, cpu = trained("cuda")[0].tensors(), trained("cpu")[0].tensors()
    torch.testing.assert_close(cuda["parameters"].cpu(), cpu["parameters"], rtol=1e-2, atol=1e-3)
