"""What algorithms with an actor and twin critics have in common."""

from __future__ import annotations

from abc import abstractmethod

import torch
from jaxtyping import Float
from torch import Tensor

from stages.algorithms.contract import OfflineAlgorithm
from stages.algorithms.twin_critics import TwinCritics
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class ActorCritic(OfflineAlgorithm):
    """Learner of an actor and twin critics.

    Attributes:
        critics: Q_1 and Q_2 with their targets.
    """

    actor: Trainable
    critics: TwinCritics

    @abstractmethod
    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics."""

    @abstractmethod
    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""

    def move_targets(self, batch: Batch) -> Losses:
        """Polyak averaging of the critics' targets."""
        self.critics.move_target(self.settings.target_update_rate)
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return state_of(actor=self.actor, critics=self.critics)


class DelayedActorCritic(ActorCritic):
    """As in TD3: a deterministic actor with a target of its own, which learns at every other step or so.

    Source: Fujimoto, van Hoof, Meger: Addressing Function Approximation Error in Actor-Critic Methods, ICML 2018.
    """

    squashed = True

    def delayed(self) -> list[Update]:
        """Critics at every step, actor and targets at every `actor_every`-th."""
        every = self.settings.actor_every
        rare = [Update(step, every=every) for step in (self.fit_actor, self.move_targets)]
        return [Update(self.fit_critics), *rare]

    def target_actions(self, batch: Batch) -> Float[Tensor, "seeds 1 batch action"]:
        """What the target actor does next, with clipped noise."""
        settings = self.settings
        noise = (settings.noise_std * batch["target_noise"]).clamp(-settings.noise_clip, settings.noise_clip)
        return (torch.tanh(self.actor.target(batch["next_observations"])) + noise).clamp(-1, 1)

    def move_targets(self, batch: Batch) -> Losses:
        """Polyak averaging of both targets."""
        self.actor.move_target(self.settings.target_update_rate)
        return super().move_targets(batch)
