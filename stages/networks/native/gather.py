"""Rows of a matrix by their numbers, asked for from memory before they are needed."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor


def gather(
    library: ctypes.PyDLL, matrix: Float[Tensor, "rows width"], index: Int[Tensor, "*any"], shape: Sequence[int] = ()
) -> Float[Tensor, "*shape width"]:
    """The rows of `matrix` at `index`, as many as `shape` holds; without one, in the index's own.

    Raises:
        IndexError: A number that is no row's.
        ValueError: Not float32 rows and int64 numbers in one piece on the CPU, or a shape of another size.
    """
    types = matrix.dtype == torch.float32 and index.dtype == torch.int64
    if not types or matrix.is_cuda or not (matrix.is_contiguous() and index.is_contiguous()):
        raise ValueError("rows are gathered by int64 numbers from a float32 matrix, in one piece on the CPU")
    (num_rows, width), count = matrix.shape, index.numel()
    taken = torch.empty((*(shape or index.shape), width), dtype=torch.float32)
    if taken.numel() != count * width:
        raise ValueError(f"{count} rows do not fill {list(shape)}")
    outside = library.gather_rows(matrix.data_ptr(), num_rows, width, index.data_ptr(), count, taken.data_ptr())
    if outside >= 0:
        raise IndexError(f"row {int(index.view(-1)[outside])} of {num_rows}")
    return taken
