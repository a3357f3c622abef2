"""Where to compute, and how the CPU multiplies matrices."""

from __future__ import annotations

import sys
import time
from functools import cache

import torch

from stages.errors import UserError
from stages.networks.native import loading

TOLERANCE = 1e-5


def pick(name: str) -> torch.device:
    """The device called `name`: ``auto`` takes CUDA where there is one.

    On the CPU one thread is used, since jobs run side by side, and the faster exact matrix product is chosen.

    Raises:
        UserError: ``cuda`` was asked for and is not there.
    """
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("no CUDA device was found", place="--device cuda", remedy="Use --device auto or cpu")
    device = torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        torch.set_num_threads(1)
        torch.set_float32_matmul_precision(fastest_exact_precision())
    return device


@cache
def fastest_exact_precision(size: int = 256, repeats: int = 40) -> str:
    """``highest`` or ``medium``, whichever multiplies faster with an error below 1e-5 of the largest entry.

    ``medium`` selects another library on many CPUs: twice as fast on some, no faster on others, and with a reduced
    precision on a few. So it is tried, not assumed.
    """
    before = torch.get_float32_matmul_precision()
    random = torch.Generator().manual_seed(0)
    a, b = (torch.randn(size, size, generator=random) for _ in range(2))
    exact = a.double() @ b.double()
    speeds = {}
    for precision in ("highest", "medium"):
        torch.set_float32_matmul_precision(precision)
        error = ((a @ b).double() - exact).abs().max() / exact.abs().max()
        if error < TOLERANCE:
            speeds[precision] = min(_seconds(a, b) for _ in range(repeats))
    torch.set_float32_matmul_precision(before)
    clearly_faster = "medium" in speeds and speeds["medium"] < 0.8 * speeds["highest"]
    return "medium" if clearly_faster else "highest"


def describe(device: torch.device) -> str:
    """One line about the device, for logs and reports."""
    if device.type == "cuda":
        return f"cuda ({torch.cuda.get_device_name(device)})"
    return f"cpu (1 thread, float32 matrix products '{torch.get_float32_matmul_precision()}', {sys.platform})"


def networks_on(device: torch.device) -> str:
    """What computes networks there, for run records and checkpoints: ``native (vectors of 16 floats)`` or ``torch``."""
    return "torch" if device.type == "cuda" else loading.describe()


def chunk_rows(device: torch.device, num_networks: int = 1) -> int:
    """Rows per network and chunk in passes over the whole dataset: what stays in a CPU's cache, or fills a GPU.

    Activations of all networks together count: ten networks of 64 units on 4,096 rows each take 10 MB a layer. With 20
    of them (two clusters, ten seeds) an epoch of PPO takes 209 ms in chunks of 307 rows, 169 of 1,024, 164 of 1,536 and
    176 of 2,048, and an E-step 119, 107, 103 and 101; by torch alone an epoch takes 262, and 237 with 1,024 rows.
    """
    if device.type == "cuda":
        return max(1_048_576 // num_networks, 256)
    return min(max(20_480 // num_networks, 256), 6_144)


def _seconds(a: torch.Tensor, b: torch.Tensor) -> float:
    # Of this process alone: jobs beside it would decide otherwise, and with the choice the last digits of results.
    started = time.process_time()
    a @ b
    return time.process_time() - started
