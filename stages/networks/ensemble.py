"""Many small multi-layer perceptrons, evaluated and differentiated as one.

An ensemble holds `num_seeds * num_members` independent networks of the same shape. Member means cluster, twin critic,
or whatever a method needs several of; seeds are there so that ten repetitions cost little more than one. All weights
lie in one flat vector, layer by layer, each layer as a contiguous block ``[network, in, out]``, so a layer of the whole
ensemble is one batched matrix product and an optimiser step is one kernel.

The native layer computes them in float32 on a CPU, `perceptrons` everywhere else; `make bench` compares whole steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from stages.networks.native.gradient import Differentiated, gradient
from stages.networks.native.layout import Layer, Layout, perceptron
from stages.networks.native.loading import library
from stages.networks.native.perceptrons import MOST_LAYERS
from stages.networks.native.perceptrons import Perceptrons as NativePerceptrons
from stages.networks.perceptrons import Layers, Perceptrons

# Parameters, target copy and one member of a critic: what the steps of one ensemble alternate between.
NUM_REMEMBERED = 4


@dataclass(frozen=True)
class Ensemble:
    """Shape of an ensemble: `num_seeds x num_members` networks with layer widths `sizes` (input first, output last)."""

    sizes: tuple[int, ...]
    num_seeds: int = 1
    num_members: int = 1

    @property
    def num_networks(self) -> int:
        return self.num_seeds * self.num_members

    @cached_property
    def blocks(self) -> list[tuple[int, ...]]:
        """Shapes of the blocks in the flat vector: weight and bias of the first layer, of the second, ..."""
        layers = zip(self.sizes[:-1], self.sizes[1:], strict=True)
        return [shape for i, o in layers for shape in ((self.num_networks, i, o), (self.num_networks, 1, o))]

    @property
    def num_parameters(self) -> int:
        return sum(prod(shape) for shape in self.blocks)

    def check(self, flat: Tensor) -> None:
        """See that parameters read from a file are those of such networks.

        Raises:
            ValueError: They are not.
        """
        if flat.shape != (self.num_parameters,) or flat.dtype != torch.float32:
            cause = f"{flat.dtype} of shape {tuple(flat.shape)} for networks of {self.num_parameters} parameters"
            raise ValueError(cause)

    def views(self, flat: Float[Tensor, "parameters"]) -> list[Tensor]:
        """Weights ``[network, in, out]`` and biases ``[network, 1, out]``, layer by layer, as views into `flat`."""
        pieces = flat.split([prod(shape) for shape in self.blocks])
        return [piece.view(shape) for piece, shape in zip(pieces, self.blocks, strict=True)]

    def arrays(self, flat: Float[Tensor, "parameters"]) -> list[Float[Tensor, "seeds size"]]:
        """The same blocks, one row per seed."""
        return [view.view(self.num_seeds, -1) for view in self.views(flat)]

    def initialise(self, generators: Sequence[np.random.Generator]) -> Float[Tensor, "parameters"]:
        """Weights and biases uniform in ``+-1/sqrt(fan_in)``, torch's default for linear layers.

        Args:
            generators: One per seed, or one per network; what each initialises depends on nothing beside it.
        """
        flat = torch.empty(self.num_parameters)
        arrays = self.arrays(flat)
        for fan_in, *layer in zip(self.sizes[:-1], arrays[::2], arrays[1::2], strict=True):
            for array in layer:
                for row, generator in zip(array.view(len(generators), -1), generators, strict=True):
                    row.copy_(torch.from_numpy(generator.uniform(-(fan_in**-0.5), fan_in**-0.5, len(row))))
        return flat

    def copy_seeds(
        self, source: Float[Tensor, "parameters"], target: Float[Tensor, "parameters"], chosen: Bool[Tensor, "seeds"]
    ) -> None:
        """Copy the parameters of the chosen seeds' networks from one flat vector into another."""
        networks = chosen.repeat_interleave(self.num_members)
        for there, here in zip(self.views(target), self.views(source), strict=True):
            there[networks] = here[networks]

    def __call__(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        member: int | None = None,
    ) -> Float[Tensor, "seeds members batch out"]:
        """Evaluate every network on its own batch.

        Args:
            flat: Parameters. Detached, no time is spent on their gradient.
            inputs: With m = 1 the members of a seed share the batch, otherwise m = `num_members`.
            member: Evaluate this member alone (then m = 1).
        """
        native = self._native(flat, inputs)
        if native is not None:
            return native(flat, inputs, member)
        seeds, _, batch, width = inputs.shape
        members = self.num_members if member is None else 1
        inputs = inputs.expand(seeds, members, batch, width).reshape(seeds * members, batch, width)
        outputs = Perceptrons.apply(inputs, flat, self._remembered_layers(flat, member), self, member)
        return outputs.view(seeds, members, batch, self.sizes[-1])

    def losses_and_gradient(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        differentiated: Differentiated,
    ) -> tuple[Float[Tensor, "*losses"], Float[Tensor, "parameters"]]:
        """Losses of the outputs, and the gradient of their sum by `flat`, which requires one.

        Args:
            flat: Parameters.
            inputs: As of a call; they get no gradient.
            differentiated: Maps the outputs to their losses and to the gradient of the losses' sum by the outputs.
        """
        native = self._native(flat, inputs)
        if native is not None:
            return native.losses_and_gradient(flat.detach(), inputs.detach(), differentiated)
        outputs = self(flat, inputs)
        losses, slopes = differentiated(outputs.detach())
        return losses, gradient(outputs, flat, slopes.contiguous())  # as autograd's are

    def errors_and_gradient(
        self,
        flat: Float[Tensor, "parameters"],
        inputs: Float[Tensor, "seeds m batch in"],
        target: Float[Tensor, "seeds _ batch _"],
        weights: Float[Tensor, "seeds _ batch out"] | None = None,
    ) -> tuple[Float[Tensor, "seeds members batch _"], Float[Tensor, "parameters"]]:
        """Errors of the outputs, and the gradient by `flat` of each network's mean squared error, summed.

        Args:
            flat: Parameters, which require a gradient.
            inputs: As of a call; they get no gradient.
            target: What the networks should put out; with weights of width 1.
            weights: The sum of a network's outputs with these weights is compared; None: every output.
        """
        native = self._native(flat, inputs)
        if native is not None:
            return native.errors_and_gradient(flat, inputs, target, weights)

        def differentiated(outputs: Tensor) -> tuple[Tensor, Tensor]:
            values = outputs if weights is None else (outputs * weights).sum(-1, keepdim=True)
            errors = values - target
            slopes = errors * (2 / errors[0, 0].numel())
            return errors, slopes if weights is None else slopes * weights

        return self.losses_and_gradient(flat, inputs, differentiated)

    def features(
        self, flat: Float[Tensor, "parameters"], inputs: Float[Tensor, "seeds m batch in"]
    ) -> Float[Tensor, "seeds members batch hidden"]:
        """Activations of the last hidden layer."""
        return torch.relu(self._body(flat[: self._body.num_parameters], inputs))

    def twice_differentiable(
        self, flat: Float[Tensor, "parameters"], inputs: Float[Tensor, "seeds members batch in"]
    ) -> Float[Tensor, "seeds members batch out"]:
        """What calling it gives, by way of torch's own operations: slower, but gradients have gradients."""
        values = inputs.flatten(0, 1)
        *hidden, (weight, bias) = self.layers(flat)
        for inner_weight, inner_bias in hidden:
            values = torch.relu(torch.baddbmm(inner_bias, values, inner_weight))
        return torch.baddbmm(bias, values, weight).unflatten(0, (self.num_seeds, self.num_members))

    def _native(self, flat: Tensor, inputs: Tensor) -> NativePerceptrons | None:
        """The native layer's networks, where they may be used: for float32 on the CPU, if there is a library."""
        fits = flat.dtype == inputs.dtype == torch.float32 and not (flat.is_cuda or inputs.is_cuda)
        if not fits or len(self.sizes) > MOST_LAYERS + 1 or library() is None:
            return None
        return self._native_networks

    @cached_property
    def _native_networks(self) -> NativePerceptrons:
        found = library()
        assert found is not None
        return NativePerceptrons(found, Layout(self._native_layers, self.num_seeds, self.num_members))

    @property
    def _native_layers(self) -> tuple[Layer, ...]:
        return perceptron(self.sizes)

    @cached_property
    def _body(self) -> Ensemble:
        """All layers but the output's; their parameters come first in the flat vector."""
        return Ensemble(self.sizes[:-1], self.num_seeds, self.num_members)

    def layers(self, flat: Float[Tensor, "parameters"], member: int | None = None) -> Layers:
        """Weight and bias of each layer, of all networks or of one member of each seed."""
        views = self.views(flat)
        if member is not None:
            views = [view[member :: self.num_members] for view in views]
        return list(zip(views[::2], views[1::2], strict=True))

    def _remembered_layers(self, flat: Tensor, member: int | None) -> Layers:
        """`layers` of the same memory made earlier, or new ones.

        A step evaluates the same few vectors again and again, and cutting one up takes as long as a product of small
        matrices: remembering the views makes SARSA at 64x3 11, 7 and 3 % faster with 1, 5 and 10 seeds. They keep their
        memory alive, so an address cannot come to mean another vector while it is remembered.
        """
        key = flat.data_ptr(), len(flat), member
        if key not in self._remembered:
            if len(self._remembered) == NUM_REMEMBERED:
                self._remembered.pop(next(iter(self._remembered)))
            self._remembered[key] = self.layers(flat.detach(), member)
        return self._remembered[key]

    @cached_property
    def _remembered(self) -> dict[tuple[int, int, int | None], Layers]:
        return {}
