"""A trajectory encoder and an action decoder: what the autoencoder methods have in common.

The encoder reads a whole window of observations and actions into one latent ``z``. The decoder is a policy told ``z``:
given one observation, it predicts the action taken there, so ``z`` has to say which policy acted, not where it went.

    encoder  MLP [s, a] of every step  ->  GRU  ->  two heads of attention over time  ->  affine  ->  z
    decoder  MLP [s, z]  ->  mean and log standard deviation, or logits, of the action

Source: Hu, Wang, Du: Policy-Based Trajectory Clustering in Offline Reinforcement Learning, UAI 2026, and its released
code (GRU of width 8, latent of width 32, two heads with keys of size 1).

Deviations from the released code: padding gets no attention (there its score is 0, not minus infinity); discrete
actions are one-hot, not whole numbers; the last step of an episode is reconstructed like the others; observation and
action enter one MLP, not one each before; a head's score is linear in the state, and values and output projection, two
linear maps in a row, are one; in the decoder the latent meets the observation before hidden layers also where actions
are continuous (there it could only shift the mean).
"""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor

from stages.clustering.autoencoders.window import Window
from stages.networks.ensemble import Ensemble
from stages.networks.heads import Head
from stages.networks.sequences.parts import Block, Views
from stages.networks.sequences.recurrent import affine, attention, last_state, recurrence

HEADS = 2
Pooling = Literal["attention", "last"]


class SequenceAutoencoder:
    """Shapes of encoder and decoder of a block of seeds, and their forward passes.

    Args:
        num_seeds: Seeds of the block.
        num_inputs: Width of the observations as networks see them.
        head: How the decoder's outputs are read as a distribution of actions.
        num_actions: How many actions there are to choose from; None where actions are vectors.
        width: Hidden layers, two in each MLP.
        recurrent_width: State of the GRU.
        latent_width: Length of z.
        encoder_outputs: Numbers that the encoder puts out; `latent_width`, or more where z is drawn from them.
        pooling: ``attention`` over time or the ``last`` state.
    """

    def __init__(
        self,
        num_seeds: int,
        num_inputs: int,
        head: Head,
        num_actions: int | None,
        width: int,
        recurrent_width: int,
        latent_width: int,
        encoder_outputs: int,
        pooling: Pooling,
    ) -> None:
        self.head, self.num_actions, self.pooling = head, num_actions, pooling
        self.encoder_outputs = encoder_outputs
        action_inputs = head.num_action_columns if num_actions is None else num_actions
        pooled, bound = recurrent_width * (HEADS if pooling == "attention" else 1), recurrent_width**-0.5
        self.step_network = Ensemble((num_inputs + action_inputs, width, width, 3 * recurrent_width), num_seeds)
        self.decoder = Ensemble((num_inputs + latent_width, width, width, head.num_outputs), num_seeds)
        self.parts: dict[str, Ensemble | Block] = {
            "encoder/steps": self.step_network,
            "encoder/state_weight": Block((recurrent_width, 3 * recurrent_width), bound),
            "encoder/state_bias": Block((1, 3 * recurrent_width), bound),
            "encoder/score_weight": Block((recurrent_width, HEADS), bound),
            "encoder/score_bias": Block((1, HEADS), bound),
            "encoder/latent_weight": Block((pooled, encoder_outputs), pooled**-0.5),
            "encoder/latent_bias": Block((1, encoder_outputs), pooled**-0.5),
            "decoder": self.decoder,
        }

    def encode(self, parameters: Views, window: Window) -> Float[Tensor, "seeds batch outputs"]:
        """The encoder's outputs for each window."""
        actions = window.actions
        if self.num_actions is not None:
            actions = torch.nn.functional.one_hot(actions[..., 0].long(), self.num_actions).float()
        steps = torch.cat([window.observations, actions], dim=-1)
        gates = _of_steps(self.step_network, parameters["encoder/steps"], steps)
        states = recurrence(gates, parameters["encoder/state_weight"], parameters["encoder/state_bias"])
        if self.pooling == "attention":
            scores = affine(states, parameters["encoder/score_weight"], parameters["encoder/score_bias"])
            pooled = attention(scores, states, window.mask)
        else:
            pooled = last_state(states, window.mask)
        return affine(pooled, parameters["encoder/latent_weight"], parameters["encoder/latent_bias"])

    def log_prob(
        self, parameters: Views, window: Window, latents: Float[Tensor, "seeds batch latent"]
    ) -> Float[Tensor, "seeds batch"]:
        """``sum_t log P(a_t | z, s_t)`` over the steps of each window, in nats."""
        shape = latents.shape[0], *window.observations.shape[1:3], -1
        steps = torch.cat([window.observations.expand(shape), latents[:, None].expand(shape)], dim=-1)
        outputs = _of_steps(self.decoder, parameters["decoder"], steps)
        return (self.head.log_prob(outputs, window.actions) * window.mask).sum(1)


def _of_steps(
    network: Ensemble, flat: Float[Tensor, "parameters"], steps: Float[Tensor, "some time batch inputs"]
) -> Float[Tensor, "seeds time batch outputs"]:
    """A network's outputs for every step."""
    shape = network.num_seeds, *steps.shape[1:3], network.sizes[-1]
    inputs = steps.expand(network.num_seeds, *steps.shape[1:]).flatten(1, 2)[:, None]
    return network(flat, inputs).view(shape)
