"""Steps by the native layer are torch's, for every layout and option; what becomes of a seed is its own matter."""

import pytest
import torch

from stages.networks.ensemble import Ensemble
from stages.networks.native.loading import switch_off
from stages.seeding import generators
from stages.training.seedwise_adam import SeedwiseAdam, warm_up
from stages.training.trainable import Trainable
from stages.training.trainable_parts import TrainableParts

SHAPE = (5, 20, 20, 2)


def matrix(**options) -> SeedwiseAdam:
    return SeedwiseAdam(torch.arange(12.0).view(3, 4), 0.01, **options)


def single(**options) -> SeedwiseAdam:
    return SeedwiseAdam(torch.tensor(2.0), 0.01)


def ensemble(**options) -> SeedwiseAdam:
    return Trainable(Ensemble(SHAPE, 3, 2), generators([0, 1, 2], "test"), 0.01, **options)


def parts(**options) -> SeedwiseAdam:
    clip_norm = options.get("clip_norm") or 1e9
    return TrainableParts({"net": Ensemble(SHAPE, 3)}, generators([0, 1, 2], "test"), 0.01, clip_norm)


OPTIONS = {
    "plain": {},
    "clipped": {"clip_norm": 0.5},
    "decaying": {"weight_decay": 0.1},
    "warming up": {"schedule": warm_up(4)},
}


@pytest.mark.parametrize("make", [matrix, single, ensemble, parts])
@pytest.mark.parametrize("options", OPTIONS.values(), ids=list(OPTIONS))
def test_equals_torchs_steps(make, options):
    trained = {}
    for off in (False, True):
        switch_off(off)
        optimised, random = make(**options), torch.Generator().manual_seed(0)
        for _ in range(10):
            scale = 10 ** torch.randn((), generator=random)
            optimised.parameters.grad = scale * torch.randn(optimised.parameters.shape, generator=random)
            optimised.apply_gradient()
            assert optimised.parameters.grad is None
        trained[off] = optimised.tensors()
    switch_off(False)
    for name, tensor in trained[True].items():
        torch.testing.assert_close(trained[False][name], tensor, rtol=1e-5, atol=1e-6, msg=name)


@pytest.mark.usefixtures("arithmetic")
def test_a_gradient_of_nothing_changes_nothing():
    optimised = ensemble(clip_norm=0.5)
    before = optimised.parameters.detach().clone()
    optimised.parameters.grad = torch.zeros_like(before)
    optimised.apply_gradient()
    assert torch.equal(optimised.parameters, before)
    assert optimised.step == 1


@pytest.mark.usefixtures("arithmetic")
def test_repeated_gradients_are_laid_out():
    optimised = SeedwiseAdam(torch.zeros(2, 3), 0.01)
    optimised.minimise(optimised.parameters.sum(1))
    torch.testing.assert_close(optimised.parameters.detach(), torch.full((2, 3), -0.01))


def test_seed_3_is_bit_for_bit_the_same_alone_and_in_a_block():
    """By the native layer: torch adds up products of a block in another order than those of a single network."""
    block, alone = [0, 1, 2, 3, 4], [3]
    inputs = torch.randn(300, 5, generator=torch.Generator().manual_seed(0))
    weights = {}
    for seeds in (block, alone):
        shape = Ensemble(SHAPE, len(seeds), 2)
        trained = Trainable(shape, generators(seeds, "test"), 0.01, target=True, clip_norm=0.1)
        for _ in range(20):
            target = trained.target(inputs.expand(len(seeds), 1, -1, -1)) + 1
            loss = (trained(inputs.expand(len(seeds), 1, -1, -1)) - target).square()
            trained.minimise(loss / len(inputs))
            trained.move_target(0.1)
        weights[len(seeds)] = [view.view(len(seeds), 2, -1) for view in shape.views(trained.parameters.detach())]
    for together, single_seed in zip(weights[5], weights[1], strict=True):
        assert torch.equal(together[3], single_seed[0])
