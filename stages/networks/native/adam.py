"""Adam by the native library: clipping, moments and parameters in one pass over flat vectors."""

from __future__ import annotations

import ctypes
import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor


class _Settings(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in "beta1 beta2 epsilon weight_decay clip_norm clip_guard".split()]


class _Seeds(ctypes.Structure):
    _fields_ = [
        ("num_seeds", ctypes.c_int64),
        ("num_blocks", ctypes.c_int64),
        ("sizes", ctypes.POINTER(ctypes.c_int64)),
    ]


class Adam:
    """One Adam step of parameters that lie block after block, a block holding a piece of every seed in turn.

    Args:
        library: The native library.
        sizes: Numbers of one seed in each block.
        num_seeds: Number of seeds.
        betas: Decay of both moments.
        epsilon: Added to the root of the second moment.
        weight_decay: Decoupled (AdamW), in units of the step size.
        clip_norm: Largest norm of a seed's gradient; None: any.
        clip_guard: Added to the norm that the gradient is divided by.
    """

    def __init__(
        self,
        library: ctypes.PyDLL,
        sizes: Sequence[int],
        num_seeds: int = 1,
        betas: tuple[float, float] = (0.9, 0.999),
        epsilon: float = 1e-8,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        clip_guard: float = 1e-6,
    ) -> None:
        self.functions, self.num_parameters = library, num_seeds * sum(sizes)
        limit = math.inf if clip_norm is None else clip_norm
        self._settings = _Settings(*betas, epsilon, weight_decay, limit, clip_guard)
        self._sizes = (ctypes.c_int64 * len(sizes))(*sizes)
        self._seeds = _Seeds(num_seeds, len(sizes), self._sizes)
        self._addresses = ctypes.addressof(self._settings), ctypes.addressof(self._seeds)

    def step(
        self,
        rate: Float[Tensor, ""],
        steps: Float[Tensor, ""],
        parameters: Float[Tensor, "*shape"],
        gradient: Float[Tensor, "*shape"],
        mean: Float[Tensor, "*shape"],
        square: Float[Tensor, "*shape"],
    ) -> None:
        """Change parameters, moments (`mean`, `square`) and the number of `steps` made, in place.

        Raises:
            ValueError: A tensor that is not float32 in one piece on the CPU, or of the wrong size.
        """
        vectors = parameters, gradient, mean, square
        for tensor in (rate, steps, *vectors):
            if tensor.dtype != torch.float32 or tensor.is_cuda or not tensor.is_contiguous():
                raise ValueError("Adam's tensors are float32 in one piece on the CPU")
        if {tensor.numel() for tensor in vectors} != {self.num_parameters} or rate.numel() != 1 or steps.numel() != 1:
            raise ValueError(
                f"{[tensor.numel() for tensor in vectors]} numbers where {self.num_parameters} are expected"
            )
        settings, seeds = self._addresses
        self.functions.adam_step(
            settings, rate.data_ptr(), steps.data_ptr(), seeds, parameters.data_ptr(), gradient.data_ptr(),
            mean.data_ptr(), square.data_ptr(),
        )  # fmt: skip
