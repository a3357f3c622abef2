"""LOVE's networks for a block of seeds: boundaries, skills and actions, all steps of a window at once.

    c_t      = steps(x_t, a_t)                              every step by itself
    log_odds = convolutions(steps(x_1, 0), ..., steps(x_t, a_{t-1}))     causal: what is known before acting;
               each but the last adds to what it reads, as ``v + elu(convolution(norm(v)))``
    h, g     = two gated recurrences over c, forwards and backwards: the only loops over time
    score_k  = - |latent(h_{t-1}, g_t) - codebook_k|^2
    a_t      ~ decoder(s_t),  s_t ~ abstraction(x_t, z_t),  z_t the code held since the latest boundary

Arrays are ``[seeds, time, batch, width]``.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional as F

from stages.clustering.autoencoders.window import Window
from stages.embeddings.steps import Steps
from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Block, Views
from stages.networks.sequences.recurrent import affine, recurrence

KERNELS = (5, 5, 5, 5, 5, 3)  # steps that the boundary network's convolutions see, one after the other
BOUNDARIES = "convolution/"  # what the names of its parameters begin with
Timed = Float[Tensor, "seeds time batch _"]


@dataclass(frozen=True)
class Reading:
    """What the encoder makes of a window.

    Attributes:
        log_odds: Of a boundary against none, at each step.
        latents: The continuous skill at each step.
        scores: Minus squared distances of the latents to the codes: logits of the skills.
    """

    log_odds: Float[Tensor, "seeds time batch"]
    latents: Float[Tensor, "seeds time batch width"]
    scores: Float[Tensor, "seeds time batch skills"]


class SkillNetwork:
    """Shapes of LOVE's networks, and their forward passes.

    Args:
        steps: What is seen of a step.
        num_outputs: Numbers that the decoder says of an action.
        num_seeds: Seeds of the block.
        width: Hidden layers, recurrent states and codes.
        num_skills: Codes.
        abstraction: Length of s.
    """

    def __init__(
        self, steps: Steps, num_outputs: int, num_seeds: int, width: int, num_skills: int, abstraction: int
    ) -> None:
        self.steps, self.num_seeds, self.width = steps, num_seeds, width
        self.networks = {
            "steps": Ensemble((steps.width, width, width), num_seeds),
            "gates": Ensemble((width, 6 * width), num_seeds),
            "latent": Ensemble((2 * width, width, width), num_seeds),
            "abstraction": Ensemble((steps.encoding.width + width, width, 2 * abstraction), num_seeds),
            "decoder": Ensemble((abstraction, width, width, num_outputs), num_seeds),
        }
        self.parts: dict[str, Ensemble | Block] = {
            **self.networks,
            "state_weight": Block((2, width, 3 * width), width**-0.5),
            "state_bias": Block((2, 1, 3 * width), width**-0.5),
            "codebook": Block((num_skills, width), 1 / num_skills),
        }
        for i, kernel in enumerate(KERNELS):
            outputs, bound = width if i + 1 < len(KERNELS) else 1, (kernel * width) ** -0.5
            self.parts |= {
                f"{BOUNDARIES}{i}/weight": Block((kernel * width, outputs), bound),
                f"{BOUNDARIES}{i}/bias": Block((1, outputs), bound),
            }

    def read(self, parameters: Views, window: Window) -> Reading:
        """Boundaries and skills of a window, without any draw."""
        actions = self.steps.action_inputs(window.actions)
        earlier = torch.cat([torch.zeros_like(actions[:, :1]), actions[:, :-1]], dim=1)
        causal, whole = (
            self.each(parameters, "steps", torch.cat([window.observations, part], dim=-1)).relu()
            for part in (earlier, actions)
        )
        latents = self._latents(parameters, whole, window.mask)
        distances = [(latents - code).square().sum(-1) for code in parameters["codebook"][:, None, None].unbind(3)]
        return Reading(self._log_odds(parameters, causal), latents, -torch.stack(distances, dim=-1))

    def act(
        self,
        parameters: Views,
        observations: Float[Tensor, "some time batch observation"],
        held: Float[Tensor, "seeds time batch width"],
        noise: Float[Tensor, "seeds time batch abstraction"] | None,
    ) -> Float[Tensor, "seeds time batch outputs"]:
        """What the decoder says of each action, for the skill that is held there; without noise, s is its mean."""
        steps = torch.cat([observations.expand(self.num_seeds, *observations.shape[1:]), held], dim=-1)
        mean, raw = self.each(parameters, "abstraction", steps).chunk(2, dim=-1)
        s = mean if noise is None else mean + torch.sigmoid(raw) * noise
        return self.each(parameters, "decoder", s)

    def each(
        self, parameters: Views, name: str, steps: Float[Tensor, "some time batch inputs"]
    ) -> Float[Tensor, "seeds time batch outputs"]:
        """A network's outputs for every step."""
        network = self.networks[name]
        inputs = steps.expand(self.num_seeds, *steps.shape[1:]).flatten(1, 2)[:, None]
        return network(parameters[name], inputs).view(self.num_seeds, *steps.shape[1:3], network.sizes[-1])

    def _latents(self, parameters: Views, whole: Timed, mask: Bool[Tensor, "some time batch"]) -> Timed:
        forwards, backwards = self.each(parameters, "gates", whole).chunk(2, dim=-1)
        turn = turned(mask)
        gates = torch.cat([forwards, at(backwards, turn)])
        weight, bias = (parameters[f"state_{name}"].transpose(0, 1).flatten(0, 1) for name in ("weight", "bias"))
        states = recurrence(gates, weight, bias)
        past, future = states.chunk(2)
        before = torch.cat([torch.zeros_like(past[:, :1]), past[:, :-1]], dim=1)
        return self.each(parameters, "latent", torch.cat([before, at(future, turn)], dim=-1))

    def _log_odds(self, parameters: Views, causal: Timed) -> Float[Tensor, "seeds time batch"]:
        values, last = causal, len(KERNELS) - 1
        for i, kernel in enumerate(KERNELS):
            padded = F.pad(F.layer_norm(values, values.shape[-1:]), (0, 0, 0, 0, kernel - 1, 0))
            seen = torch.cat([padded[:, j : j + values.shape[1]] for j in range(kernel)], dim=-1)
            made = affine(seen, parameters[f"{BOUNDARIES}{i}/weight"], parameters[f"{BOUNDARIES}{i}/bias"])
            values = made if i == last else values + F.elu(made)
        return values[..., 0]


def turned(mask: Bool[Tensor, "some time batch"]) -> Tensor:
    """Index that turns the steps of each window round and leaves its padding where it is; twice changes nothing."""
    lengths = mask.sum(1, keepdim=True)
    place = torch.arange(mask.shape[1], device=mask.device)[None, :, None]
    return torch.where(mask, lengths - 1 - place, place)


def at(values: Timed, index: Tensor) -> Timed:
    """The values at the steps given by ``index [some, time, batch]``."""
    return values.gather(1, index[..., None].expand(values.shape))
