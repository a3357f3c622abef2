"""Evaluating and differentiating the perceptrons of a `Layout` with the native library, as one node of autograd."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, get_args

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.native.gradient import Differentiated
from stages.networks.native.layout import Activation, Layout, Norm

# In the order of the library's numbers for them.
ACTIVATIONS, NORMS = get_args(Activation), get_args(Norm)
MOST_LAYERS = 16


class _Layer(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in "inputs outputs activation norm weight bias".split()]


class _Perceptrons(ctypes.Structure):
    _fields_ = [
        ("num_layers", ctypes.c_int64),
        ("num_members", ctypes.c_int64),
        ("layers", ctypes.POINTER(_Layer)),
        ("scratch", ctypes.c_void_p),
    ]


class _Values(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        *((name, ctypes.c_int64) for name in "seed_step member_step row_step column_step".split()),
    ]


class _Regression(ctypes.Structure):
    _fields_ = [("target", _Values), ("weights", _Values), ("slope", ctypes.c_double)]


class Perceptrons:
    """The networks of a layout, computed by the native library.

    Args:
        library: The native library.
        layout: Of the networks.

    Raises:
        ValueError: There are too many layers.
    """

    def __init__(self, library: ctypes.PyDLL, layout: Layout) -> None:
        if len(layout.layers) > MOST_LAYERS:
            raise ValueError(f"{len(layout.layers)} layers, at most {MOST_LAYERS} are possible")
        self.functions, self.layout = library, layout
        self.widths = [layer.outputs for layer in layout.layers]
        layers = [
            _Layer(layer.inputs, layer.outputs, ACTIVATIONS.index(layer.activation), NORMS.index(layer.norm), *starts)
            for layer, *starts in zip(layout.layers, layout.starts[:-1:2], layout.starts[1::2], strict=True)
        ]
        self._layers = (_Layer * len(layers))(*layers)
        self._structure = _Perceptrons(len(layers), layout.num_members, self._layers, None)
        self.address = ctypes.addressof(self._structure)
        self._scratch = torch.empty(library.scratch_size(self.address), dtype=torch.float32)
        self._structure.scratch = self._scratch.data_ptr()
        self._rooms: dict[int, tuple[Tensor, Tensor]] = {}

    def __call__(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        member: int | None = None,
    ) -> Float[Tensor, "seeds members batch out"]:
        """Evaluate every network on its own batch.

        Args:
            flat: Parameters. Detached, no time is spent on their gradient.
            inputs: With m = 1 the members of a seed share the batch, otherwise m is their number.
            member: Evaluate this member of each seed alone (then m = 1).

        Raises:
            ValueError: Shapes that do not fit, or numbers that are not float32 on the CPU.
        """
        inputs = self._checked(flat, inputs, member)
        if torch.is_grad_enabled() and (flat.requires_grad or inputs.requires_grad):
            outputs: Tensor = _Node.apply(inputs, flat, self, member or 0)  # type: ignore[no-untyped-call]
            return outputs
        return self.forward(inputs, flat, member or 0, False)[0]

    def losses_and_gradient(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        differentiated: Differentiated,
    ) -> tuple[Float[Tensor, "*losses"], Float[Tensor, "parameters"]]:
        """Losses of the outputs, and the parameters' gradient of their sum, see `Ensemble.losses_and_gradient`.

        Autograd does not see the networks, which costs 50 us a step where they are called: a tenth of SARSA's at 64x3
        with one seed.
        """
        inputs = self._checked(flat, inputs, None)
        outputs, kept = self.forward(inputs, flat, 0, True)
        assert kept is not None
        losses, slopes = differentiated(outputs)
        found = self.backward(inputs, flat, 0, kept, slopes, (False, True))[1]
        assert found is not None
        return losses, found

    def errors_and_gradient(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        target: Float[Tensor, "seeds _ batch _"],
        weights: Float[Tensor, "seeds _ batch out"] | None = None,
    ) -> tuple[Float[Tensor, "seeds members batch _"], Float[Tensor, "parameters"]]:
        """Errors of the outputs, and the gradient of their mean squares, see `Ensemble.errors_and_gradient`."""
        inputs = self._checked(flat, inputs, None)
        seeds, members, rows, _ = inputs.shape
        width = self.widths[-1] if weights is None else 1
        errors, gradient = torch.empty((seeds, members, rows, width), dtype=torch.float32), torch.empty_like(flat)
        weighted = _Values() if weights is None else _values(weights, (seeds, members, rows, self.widths[-1]))
        regression = _Regression(_values(target, errors.shape), weighted, 2 / (rows * width))
        kept, outputs = self._room(rows)
        self.functions.perceptrons_regress(
            self.address, seeds, rows, flat.data_ptr(), inputs.data_ptr(), *inputs.stride()[:3],
            ctypes.addressof(regression), kept.data_ptr(), outputs.data_ptr(), errors.data_ptr(), gradient.data_ptr(),
        )  # fmt: skip
        return errors, gradient

    def _room(self, rows: int) -> tuple[Tensor, Tensor]:
        """Memory for what one network's forward pass leaves of so many rows, and for its outputs."""
        if rows not in self._rooms:
            kept = torch.empty(self.functions.kept_size(self.address, rows), dtype=torch.float32)
            self._rooms = {rows: (kept, torch.empty(rows * self.widths[-1], dtype=torch.float32))}
        return self._rooms[rows]

    def forward(self, inputs: Tensor, flat: Tensor, first: int, keep: bool) -> tuple[Tensor, Tensor | None]:
        """Outputs and, asked for, what a backward pass needs of hidden layers; nothing is checked."""
        seeds, members, rows, _ = inputs.shape
        seed_step, member_step, row_step, _ = inputs.stride()
        outputs = torch.empty((seeds, members, rows, self.widths[-1]), dtype=torch.float32)
        kept = None
        if keep:
            kept = torch.empty(seeds * members, self.functions.kept_size(self.address, rows), dtype=torch.float32)
        self.functions.perceptrons_forward(
            self.address, seeds, first, members, rows, flat.data_ptr(), inputs.data_ptr(), seed_step, member_step,
            row_step, kept.data_ptr() if kept is not None else None, outputs.data_ptr(),
        )  # fmt: skip
        return outputs, kept

    def backward(
        self,
        inputs: Tensor,
        flat: Tensor,
        first: int,
        kept: Tensor,
        slopes: Tensor,
        wanted: tuple[bool, bool],
    ) -> tuple[Tensor | None, Tensor | None]:
        """Gradients of inputs and parameters, where `wanted`, from that of the outputs; nothing is checked."""
        seeds, members, rows, _ = inputs.shape
        by_inputs = torch.empty_like(inputs, memory_format=torch.contiguous_format) if wanted[0] else None
        by_flat = None
        if wanted[1]:
            whole = members == self.layout.num_members and rows > 0
            by_flat = torch.empty_like(flat) if whole else torch.zeros_like(flat)
        self.functions.perceptrons_backward(
            self.address, seeds, first, members, rows, flat.data_ptr(), inputs.data_ptr(), *inputs.stride()[:3],
            kept.data_ptr(), slopes.data_ptr(), (ctypes.c_int64 * 4)(*slopes.stride()),
            by_flat.data_ptr() if by_flat is not None else None,
            by_inputs.data_ptr() if by_inputs is not None else None,
        )  # fmt: skip
        return by_inputs, by_flat

    def _checked(self, flat: Tensor, inputs: Tensor, member: int | None) -> Tensor:
        """Inputs ``[seeds, members, batch, in]`` with contiguous rows, shared ones repeated without copying."""
        layout, members = self.layout, self.layout.num_members if member is None else 1
        if flat.dtype != torch.float32 or inputs.dtype != torch.float32 or flat.is_cuda or inputs.is_cuda:
            raise ValueError("parameters and inputs of native networks are float32 on the CPU")
        if flat.shape != (layout.num_parameters,) or not flat.is_contiguous():
            raise ValueError(f"{tuple(flat.shape)} parameters where {layout.num_parameters} in one piece are expected")
        if member is not None and not 0 <= member < layout.num_members:
            raise ValueError(f"member {member} of {layout.num_members}")
        seeds, m, _, width = inputs.shape
        if seeds != layout.num_seeds or m not in (1, members) or width != layout.layers[0].inputs:
            expected = f"[{layout.num_seeds}, {members} or 1, batch, {layout.layers[0].inputs}]"
            raise ValueError(f"inputs of shape {list(inputs.shape)} where {expected} is expected")
        if inputs.stride(3) != 1:
            inputs = inputs.contiguous()
        return inputs if m == members else inputs.expand(-1, members, -1, -1)


def _values(tensor: Tensor, shape: Sequence[int]) -> _Values:
    """Where the numbers of `tensor`, repeated to `shape`, lie.

    Raises:
        ValueError: They are not float32 on the CPU.
        RuntimeError: They cannot be repeated to that shape.
    """
    if tensor.dtype != torch.float32 or tensor.is_cuda:
        raise ValueError("what native networks learn is float32 on the CPU")
    return _Values(tensor.data_ptr(), *(tensor if tensor.shape == shape else tensor.expand(shape)).stride())


class _Node(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, inputs: Tensor, flat: Tensor, networks: Perceptrons, first: int) -> Tensor:
        outputs, kept = networks.forward(inputs, flat, first, True)
        ctx.networks, ctx.first = networks, first
        ctx.save_for_backward(inputs, flat, kept)
        return outputs

    @staticmethod
    def backward(ctx: Any, slopes: Tensor) -> tuple[Tensor | None, ...]:
        if torch.is_grad_enabled():
            # Otherwise a penalty on gradients would be left out of a loss's gradient without a word.
            raise RuntimeError("native networks are differentiated once; `reference.evaluate` can be, twice")
        inputs, flat, kept = ctx.saved_tensors
        wanted = ctx.needs_input_grad[:2]
        return *ctx.networks.backward(inputs, flat, ctx.first, kept, slopes, wanted), None, None
