"""Policies that are told an embedding: ``pi(a | s, e)`` of a block of seeds."""

from __future__ import annotations

from abc import ABC, abstractmethod

from jaxtyping import Float
from torch import Tensor

from stages.embeddings.steps import Steps
from stages.networks import categorical, gaussian
from stages.networks.ensemble import Ensemble
from stages.networks.sequences.parts import Block, Views


class ToldPolicy(ABC):
    """Gaussian policies, or categorical ones where actions are discrete.

    Attributes:
        parts: Networks and arrays by name.
        num_outputs: Numbers that say how an action is distributed.
    """

    parts: dict[str, Ensemble | Block]

    def __init__(self, steps: Steps) -> None:
        discrete = steps.num_actions is not None
        self.head = categorical.log_prob if discrete else gaussian.log_prob
        self.num_outputs = steps.action_width if discrete else 2 * steps.action_width

    @abstractmethod
    def outputs(
        self,
        parameters: Views,
        observations: Float[Tensor, "seeds batch steps observation"],
        embedding: Float[Tensor, "seeds batch latent"],
    ) -> Float[Tensor, "seeds batch steps outputs"]:
        """How actions are distributed at some steps of each episode, whose embedding is told."""

    def log_prob(
        self,
        parameters: Views,
        observations: Float[Tensor, "seeds batch steps observation"],
        embedding: Float[Tensor, "seeds batch latent"],
        actions: Float[Tensor, "seeds batch steps action"],
    ) -> Float[Tensor, "seeds batch steps"]:
        """Log-likelihood of the actions, in nats of scaled actions."""
        return self.head(self.outputs(parameters, observations, embedding), actions)
