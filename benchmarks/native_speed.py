"""Speed of the native layer under training steps, against the present torch path and the machine's limit.

    python -m benchmarks.native_speed [--rounds 7] [--seconds 0.3]

Steps of networks alone: a target copy evaluated, the networks trained on the squared difference, Adam, Polyak
averaging. No gather, draws or log, so that only what the native layer replaces is compared, with the few torch
operations of a loss on both sides. To hold both to AVX2 set `UNMIX_ARCH=x86-64-v3`, `ATEN_CPU_CAPABILITY=avx2`,
`MKL_ENABLE_INSTRUCTIONS=AVX2` and `ONEDNN_MAX_CPU_ISA=AVX2`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from benchmarks import matrix_limit, work
from benchmarks.measure import Candidate, take_turns
from stages.networks.ensemble import Ensemble
from stages.networks.native.adam import Adam
from stages.networks.native.gradient import gradient
from stages.networks.native.layout import Layout, perceptron
from stages.networks.native.loading import describe, library
from stages.networks.native.perceptrons import Perceptrons
from stages.seeding import generators
from stages.training.device import pick
from stages.training.trainable import Trainable

BATCH, MULTIPLE = 256, 16
SHAPES = {"SARSA 64x3": (23, 64, 64, 64, 2), "256x2": (23, 256, 256, 1)}
SEEDS = (1, 10)
RATE, TARGET_RATE = 3e-4, 0.005


@dataclass
class TorchNetworks:
    """The present path: one node of autograd over batched products, torch's Adam, Polyak averaging as its own pass."""

    sizes: tuple[int, ...]
    seeds: int

    def __post_init__(self) -> None:
        self.trained = Trainable(
            Ensemble(self.sizes, self.seeds), generators(range(self.seeds), "bench"), RATE, target=True
        )

    def step(self, inputs: Tensor, following: Tensor) -> None:
        """Train on the squared difference to the target copy's values of `following`."""
        difference = self.trained(inputs) - self.trained.target(following)
        self.trained.minimise(difference.square().mean((1, 2, 3)))
        self.trained.move_target(TARGET_RATE)


@dataclass
class NativeNetworks:
    """The native layer: networks, and Adam with Polyak averaging in one pass."""

    sizes: tuple[int, ...]
    seeds: int

    def __post_init__(self) -> None:
        layout, found = Layout(perceptron(self.sizes), self.seeds), library()
        assert found is not None
        self.networks, self.adam = (
            Perceptrons(found, layout),
            Adam(found, [layout.num_parameters], target_rate=TARGET_RATE),
        )
        start = Ensemble(self.sizes, self.seeds).initialise(generators(range(self.seeds), "bench"))
        self.parameters, self.target = start.requires_grad_(), start.detach().clone()
        self.steps, self.mean, self.square = (
            torch.zeros(()),
            torch.zeros_like(self.target),
            torch.zeros_like(self.target),
        )
        self.rate = torch.tensor(RATE)

    def step(self, inputs: Tensor, following: Tensor) -> None:
        """As the torch path's."""
        difference = self.networks(self.parameters, inputs) - self.networks(self.target, following)
        found = gradient(difference.square().mean((1, 2, 3)), self.parameters)
        self.adam.step(self.rate, self.steps, self.parameters, found, self.mean, self.square, self.target)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the native layer.")
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each candidate")
    parser.add_argument("--seconds", type=float, default=0.3, help="length of a measurement, about")
    arguments = parser.parse_args()
    pick("cpu")
    precision = torch.get_float32_matmul_precision()
    products = {**matrix_limit.candidates(torch.device("cpu")), ("1 x 256x256x256", "native"): native_product()}
    steps = {
        (name, kind.__name__, seeds): candidate(kind(sizes, seeds).step, sizes[0], seeds, precision)
        for name, sizes in SHAPES.items()
        for seeds in SEEDS
        for kind in (TorchNetworks, NativeNetworks)
    }
    take_turns([*products.values(), *steps.values()], arguments.rounds, arguments.seconds)
    speeds = {key: each.rate * matrix_limit.operations(key[0]) / 1e9 for key, each in products.items()}
    fastest = max(speeds, key=lambda key: speeds[key])
    print(f"{describe()}; the limit is {speeds[fastest]:.0f} GFLOP/s ({fastest[0]}, {fastest[1]})")
    print("seed-steps per CPU second [min..max], share of the limit, ratio to the torch path")
    for (name, kind, seeds), each in steps.items():
        share = each.rate * work.sarsa(SHAPES[name], BATCH) / 1e9 / speeds[fastest]
        ratio = each.ratio(steps[name, "TorchNetworks", seeds])
        spread = f"[{min(each.rates):.0f}..{max(each.rates):.0f}]"
        print(f"{name:12} {kind:15} x{seeds:<3} {each.rate:6.0f} {spread:15} {share:4.0%} {ratio:5.2f}")


def candidate(step: Callable[[Tensor, Tensor], None], width: int, seeds: int, precision: str) -> Candidate:
    """Steps on one fixed batch."""
    random = torch.Generator().manual_seed(0)
    inputs, following = (torch.randn(seeds, 1, BATCH, width, generator=random) for _ in range(2))

    def run(count: int) -> None:
        for _ in range(count // seeds):
            step(inputs, following)

    return Candidate(run, MULTIPLE * seeds, precision)


def native_product() -> Candidate:
    """A linear layer without gradient, which is one product of 256 x 256 x 256."""
    layout, found = Layout(perceptron((256, 256))), library()
    assert found is not None
    networks, random = Perceptrons(found, layout), torch.Generator().manual_seed(0)
    flat = torch.randn(layout.num_parameters, generator=random)
    inputs = torch.randn(1, 1, 256, 256, generator=random)

    def run(count: int) -> None:
        for _ in range(count):
            networks(flat, inputs)

    return Candidate(run, 8)


if __name__ == "__main__":
    main()
