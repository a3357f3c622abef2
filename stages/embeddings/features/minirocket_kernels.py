"""MiniRocket's kernels: which there are, where they look, and how often what they see lies above a bias.

A kernel has nine weights, three of 2 and six of -1, so that 84 are all there are. It looks at every d-th step, and at
the sum of a few channels drawn at random. Beyond an episode's ends it sees zeros.

Source: Dempster, Schmidt, Webb: MiniRocket, KDD 2021 (arXiv 2012.08791), Section 3.1; its code for several channels.
"""

from __future__ import annotations

import itertools

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

LENGTH, TWOS = 9, 3
KERNELS = np.full((84, LENGTH), -1, dtype=np.float32)
for _kernel, _places in zip(KERNELS, itertools.combinations(range(LENGTH), TWOS), strict=True):
    _kernel[list(_places)] = 2
MOST_DILATIONS = 32
GOLDEN = (5**0.5 + 1) / 2


def dilations(length: float, features_per_kernel: int) -> tuple[Int[np.ndarray, "dilations"], Int[np.ndarray, "d"]]:
    """Distances between the steps that a kernel looks at, and how many biases are had with each.

    Args:
        length: Steps of a typical episode; the widest kernel spans about as many.
        features_per_kernel: Biases of a kernel in total.
    """
    largest = np.log2(max(1.0, (length - 1) / (LENGTH - 1)))
    spread = np.logspace(0, largest, min(features_per_kernel, MOST_DILATIONS), base=2).astype(np.int64)
    found, times = np.unique(spread, return_counts=True)
    shares = np.floor(times * features_per_kernel / len(spread)).astype(np.int64)
    shares[: features_per_kernel - shares.sum()] += 1
    return found, shares


def channel_weights(
    random: np.random.Generator, channels: int, num_dilations: int
) -> Float[np.ndarray, "dilations taps kernels"]:
    """The kernels over nine steps of all channels, which are zero for the channels that were not drawn."""
    most = np.log2(min(channels, LENGTH) + 1)
    weights = np.zeros((num_dilations, LENGTH, channels, len(KERNELS)), dtype=np.float32)
    for dilation, kernel in np.ndindex(num_dilations, len(KERNELS)):
        count = int(2 ** random.uniform(0, most))
        seen = random.choice(channels, min(count, channels), replace=False)
        weights[dilation, :, seen, kernel] = KERNELS[kernel]
    return weights.reshape(num_dilations, LENGTH * channels, len(KERNELS))


def quantiles(count: int, first: int) -> Float[np.ndarray, "count"]:
    """Numbers between 0 and 1 that are evenly spread however many are taken (multiples of the golden ratio)."""
    return ((first + 1 + np.arange(count)) * GOLDEN) % 1


def taps(
    inputs: Float[Tensor, "steps channels"],
    starts: Int[Tensor, "steps"],
    ends: Int[Tensor, "steps"],
    dilation: int,
) -> Float[Tensor, "steps nine_channels"]:
    """What lies at the nine places around each step, 0 beyond its episode.

    Args:
        inputs: Every step's channels.
        starts: First row of each step's episode.
        ends: Row after its last one.
        dilation: Steps between places.
    """
    here = torch.arange(len(inputs), device=inputs.device)
    seen = []
    for place in range(-(LENGTH // 2), LENGTH // 2 + 1):
        there = here + place * dilation
        inside = (there >= starts) & (there < ends)
        seen.append(inputs[torch.where(inside, there, here)] * inside[:, None])
    return torch.cat(seen, dim=1)
