"""How fast the machine multiplies matrices of the shapes that training steps are made of: the limit of any step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.measure import Candidate
from stages.networks.native.layout import Layout, perceptron
from stages.networks.native.loading import library
from stages.networks.native.perceptrons import Perceptrons

# Networks, rows, inner and outer width.
SHAPES = (
    (1, 256, 23, 64),
    (10, 256, 23, 64),
    (1, 256, 64, 64),
    (10, 256, 64, 64),
    (1, 256, 256, 256),
    (20, 256, 256, 256),
)
PRECISIONS = {"cpu": ("highest", "medium"), "cuda": ("highest", "high")}


def candidates(device: torch.device) -> dict[tuple[str, str], Candidate]:
    """Batched products by shape and torch's precision or ``native``; a unit of work is one product."""
    found = {
        (name(shape), precision): Candidate(_product(shape, device), 8, precision)
        for shape in SHAPES
        for precision in PRECISIONS[device.type]
    }
    if device.type == "cpu" and library() is not None:
        found |= {(name(shape), "native"): Candidate(_native_product(shape), 8) for shape in SHAPES}
    return found


def name(shape: tuple[int, int, int, int]) -> str:
    """``10 x 256x64x64``: ten products of ``[256, 64]`` and ``[64, 64]``."""
    return f"{shape[0]} x {shape[1]}x{shape[2]}x{shape[3]}"


def operations(shape_name: str) -> float:
    """Floating-point operations of one batched product."""
    networks, sizes = shape_name.split(" x ")
    rows, inner, outer = map(int, sizes.split("x"))
    return 2.0 * int(networks) * rows * inner * outer


def _product(shape: tuple[int, int, int, int], device: torch.device) -> Callable[[int], None]:
    networks, rows, inner, outer = shape
    random = torch.Generator().manual_seed(0)
    a, b = (
        torch.randn(size, generator=random).to(device) for size in ((networks, rows, inner), (networks, inner, outer))
    )
    out: Tensor = torch.empty(networks, rows, outer, device=device)

    def run(count: int) -> None:
        for _ in range(count):
            torch.bmm(a, b, out=out)

    return run


def _native_product(shape: tuple[int, int, int, int]) -> Callable[[int], None]:
    """Linear layers without gradients."""
    num_networks, rows, inner, outer = shape
    layout, random = Layout(perceptron((inner, outer)), num_networks), torch.Generator().manual_seed(0)
    found, flat = library(), torch.randn(layout.num_parameters, generator=random)
    assert found is not None
    networks = Perceptrons(found, layout)
    inputs = torch.randn(num_networks, 1, rows, inner, generator=random)

    def run(count: int) -> None:
        for _ in range(count):
            networks(flat, inputs)

    return run
