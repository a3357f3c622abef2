"""Training of an embedding as the latent of a policy: cloning from (state, embedding), and a price on information."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from stages.embeddings.policies.episode_steps import EpisodeSteps
from stages.embeddings.policies.told import ToldPolicy
from stages.embeddings.variational.encoder import TrajectoryEncoder
from stages.embeddings.variational.tokens import Tokens
from stages.networks.sequences.parts import Views
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch
from stages.training.trainable_parts import TrainableParts


class VariationalLearner(Learner):
    """Trains encoder and decoder together.

    Args:
        encoder: Tokens to posterior.
        policy: The decoder.
        parts: Parameters of both.
        tokens: Of all training episodes.
        steps: Their states and actions.
        kl_weight: Weight of the divergence, nats of an episode, against the mean log-likelihood of an action.
        free_nats: Divergence of a dimension that costs nothing.
        warm_up: Steps over which the weight rises from 0.
    """

    def __init__(
        self,
        encoder: TrajectoryEncoder,
        policy: ToldPolicy,
        parts: TrainableParts,
        tokens: Tokens,
        steps: EpisodeSteps,
        kl_weight: float,
        free_nats: float,
        warm_up: int,
    ) -> None:
        self.encoder, self.policy, self.parts, self.tokens, self.steps = encoder, policy, parts, tokens, steps
        self.kl_weight, self.free_nats, self.warm_up = kl_weight, free_nats, warm_up
        self.updates = [Update(self.step)]

    def step(self, batch: Batch) -> Losses:
        """One step on the drawn episodes, each seen whole by the encoder and at a few steps by the decoder."""
        losses = self.losses(self.parts.views(), batch)
        self.parts.minimise(losses["loss"])
        return {name: loss.detach() for name, loss in losses.items()}

    def losses(self, parameters: Views, batch: Batch) -> Losses:
        """``- log pi(a | s, e)`` and the divergence of e from a standard normal; ``loss`` is minimised."""
        episodes = batch["episode"][:, 0, :, 0].long()
        mean, log_variance = self.encoder(parameters, self.tokens.at(episodes))
        embedding = mean + (0.5 * log_variance).exp() * batch["latent"][:, 0]
        observations, actions = self.steps.at_random(episodes, batch["places"][:, 0])
        cloning = -self.policy.log_prob(parameters, observations, embedding, actions).mean((1, 2))
        by_dimension = divergence(mean, log_variance).mean(1)
        share = (self.parts.step / max(1, self.warm_up)).clamp(max=1)
        price = self.kl_weight * share * by_dimension.clamp(min=self.free_nats).sum(-1)
        return {"loss": cloning + price, "cloning": cloning, "divergence": by_dimension.sum(-1)}

    def tensors(self) -> dict[str, Tensor]:
        return self.parts.tensors()


def divergence(
    mean: Float[Tensor, "seeds batch latent"], log_variance: Float[Tensor, "seeds batch latent"]
) -> Float[Tensor, "seeds batch latent"]:
    """``KL(N(mean, variance) || N(0, 1))`` of each dimension, in nats."""
    return 0.5 * (mean.square() + log_variance.exp() - log_variance - 1)
