"""A variational auto-encoder of actions given states, whose latent divergence tells how unlike the data an action is.

Objective: ``|a - D(s, z)|^2 + beta KL(N(mu, sigma^2) || N(0, 1))`` with z ~ N(mu, sigma^2), (mu, log sigma) = E(s, a).
Source:    Xu, Zhan, Zhu: Constraints Penalized Q-Learning, AAAI 2022, where actions of large divergence count as out of
           distribution. Both terms are means over coordinates; the latent space has twice the actions' size (OSRL).
Symbols:   kl_weight = beta.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.networks.ensemble import Ensemble
from stages.seeding import Seeds, generators
from stages.training.learner import Losses, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable

MIN_LOG_STD, MAX_LOG_STD = -4.0, 15.0


class ActionVae:
    """One encoder and decoder per seed.

    Args:
        observation: Width of observations.
        action: Width of actions, which lie in [-1, 1].
        hidden_sizes: Hidden layer widths of both networks.
        kl_weight: beta.
        seeds: Seeds of the block.
        learning_rate: Adam's step size.
        device: Where parameters live.

    Attributes:
        noise: Width of the named noise that `fit` needs.
    """

    def __init__(
        self,
        observation: int,
        action: int,
        hidden_sizes: tuple[int, ...],
        kl_weight: float,
        seeds: Seeds,
        learning_rate: float,
        device: torch.device,
    ) -> None:
        self.kl_weight, latent = kl_weight, 2 * action
        encoder = Ensemble((observation + action, *hidden_sizes, 2 * latent), len(seeds))
        decoder = Ensemble((observation + latent, *hidden_sizes, action), len(seeds))
        self.encoder = Trainable(encoder, generators(seeds, "action vae encoder"), learning_rate, device)
        self.decoder = Trainable(decoder, generators(seeds, "action vae decoder"), learning_rate, device)
        self.noise = {"latent_noise": latent}

    def fit(self, batch: Batch) -> Losses:
        """One step of both networks."""
        observations, actions = batch["observations"], batch["actions"]
        mean, log_std = self._latent(torch.cat([observations, actions], dim=-1))
        latent = mean + log_std.exp() * batch["latent_noise"]
        decoded = torch.tanh(self.decoder(torch.cat([observations, latent], dim=-1)))
        reconstruction = (decoded - actions).square().mean((1, 2, 3))
        loss = reconstruction + self.kl_weight * divergence(mean, log_std).mean((1, 2))
        loss.sum().backward()
        self.encoder.apply_gradient()
        self.decoder.apply_gradient()
        return {"vae": loss, "vae reconstruction": reconstruction}

    @torch.no_grad()
    def strangeness(self, pairs: Float[Tensor, "seeds 1 batch pair"]) -> Float[Tensor, "seeds 1 batch"]:
        """Latent divergence of states and actions side by side."""
        return divergence(*self._latent(pairs))

    def tensors(self) -> dict[str, Tensor]:
        """All state, for checkpoints."""
        return state_of(encoder=self.encoder, decoder=self.decoder)

    def _latent(self, pairs: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_std = self.encoder(pairs).chunk(2, dim=-1)
        return mean, log_std.clamp(MIN_LOG_STD, MAX_LOG_STD)


def divergence(
    mean: Float[Tensor, "*batch latent"], log_std: Float[Tensor, "*batch latent"]
) -> Float[Tensor, "*batch"]:
    """``KL(N(mean, std^2) || N(0, 1))`` in nats, averaged over latent coordinates."""
    return 0.5 * (mean.square() + (2 * log_std).exp() - 1 - 2 * log_std).mean(-1)
