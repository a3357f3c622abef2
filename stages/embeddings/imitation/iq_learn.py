"""IQ-Learn, conditional and offline: a soft Q whose implied reward tells the authors' steps from those of the policy.

Objectives: critics, maximised: ``E[phi(r_i)] - E[V_i(s, e) - gamma V'(s', e)]`` over recorded steps, where
            ``r_i = Q_i(s, a, e) - gamma V'(s', e)`` is the implied reward, ``phi(x) = x - x^2 / (4 alpha)`` (chi
            squared), ``V_i(s, e) = E[Q_i(s, a~, e) - temperature log pi(a~ | s, e)]``, a~ ~ pi, by one sample, and V'
            the same of the mean of the target critics; the second term is ``(1 - gamma) E[V(s_0)]`` told over all
            states;
            actor: ``temperature log pi(a~ | s, e) - min_i Q_i(s, a~, e)``, as in soft actor-critic.
Source:     Garg, Chakraborty, Cundy, Song, Ermon: IQ-Learn: Inverse soft-Q Learning for Imitation, NeurIPS 2021,
            Sections 3 to 5. Conditional on an embedding it is the imitator of Ge, Chen, Sinha, Varakantham: On
            Learning Informative Trajectory Embeddings for Imitation, Classification and Regression, AAMAS 2025.
Symbols:    e = embedding, discount = gamma, regularisation = alpha, target_update_rate = tau.

Deviations: VTE's imitator acts in the environment while it learns, and its own steps stand in the second term and under
            the square, too. Here nothing is acted: all expectations are over recorded steps, the paper's offline
            variant, which it shows for discrete actions alone. Two critics with a target each, for one. The
            policy that acts is a running average of the one that learns, which goes round against its critics. After a
            termination V' is 0 (gamma is masked, there is no absorbing state to learn); after a truncation it is that
            of what came next.

Licence:    written from the equations, without any of its code: the released code may be used for research by
            individuals alone, not passed on and not used commercially, and its notice names a patent on inverse soft-Q
            learning. Whether that concerns a use of this file is for its user to judge. No default run trains it.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering.contract import EMBEDDING
from stages.embeddings.imitation import IMITATORS
from stages.embeddings.imitation.contract import Imitator, ImitatorSettings, Vectors
from stages.networks import tanh_gaussian
from stages.networks.ensemble import Ensemble
from stages.seeding import generators
from stages.training.job import Job
from stages.training.learner import Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable


class IqLearnSettings(ImitatorSettings):
    """IQ-Learn; discount, temperature, regularisation and rates are those published for MuJoCo."""

    learning_rate: float = Field(3.0e-5, gt=0, description="Adam step size of the policy")
    critic_learning_rate: float = Field(3.0e-4, gt=0, description="Adam step size of the critics")
    discount: float = Field(0.99, ge=0, lt=1, description="discount factor gamma")
    temperature: float = Field(0.01, gt=0, description="what a nat of the policy's entropy is worth")
    regularisation: float = Field(0.5, gt=0, description="alpha: half the implied reward that is best")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    averaging_rate: float = Field(0.001, gt=0, le=1, description="share of the actor in the average that acts")


@IMITATORS.register("iq_learn", IqLearnSettings)
class IqLearn(Imitator):
    """Learner of actor and two critics that are told the embedding; actions are normalised to [-1, 1]."""

    ingredient = EMBEDDING
    head = "tanh_gaussian"
    averaged = True
    settings: IqLearnSettings

    def __init__(self, job: Job, settings: IqLearnSettings, vectors: Vectors) -> None:
        terminations = torch.from_numpy(job.dataset.terminations).float()
        further = {"next_observations": job.next_observations, "discounts": settings.discount * (1 - terminations)}
        super().__init__(job, settings, vectors, further)
        action = job.actions.shape[1]
        twins = Ensemble((self.width + action, *settings.hidden_sizes, 1), len(job.seeds), num_members=2)
        drawn, rate = generators(job.seeds, "imitator critics"), settings.critic_learning_rate
        self.critics = Trainable(twins, drawn, rate, job.device, target=True)
        self.noise = dict.fromkeys(("value_noise", "target_noise", "actor_noise"), action)
        self.updates = [Update(step) for step in (self.fit_critics, self.fit_actor, self.move_targets)]

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of both critics; besides their loss the mean of the implied rewards."""
        seen = self.inputs(batch, "observations")
        following = batch["discounts"] * self.next_value(batch)
        with torch.no_grad():
            actions, log_density = tanh_gaussian.sample_with_log_prob(self.actor(seen), batch["value_noise"])
        pairs = torch.cat([seen.repeat(1, 1, 2, 1), torch.cat([actions, batch["actions"]], dim=2)], dim=-1)
        chosen, recorded = self.critics(pairs).chunk(2, dim=2)
        value = chosen - self.settings.temperature * log_density[..., None]
        reward = recorded - following
        regularised = reward - reward.square() / (4 * self.settings.regularisation)
        loss = (value - following - regularised).mean((2, 3)).sum(1)
        self.critics.minimise(loss)
        return {"critic": loss, "reward": reward.detach().mean((1, 2, 3))}

    @torch.no_grad()
    def next_value(self, batch: Batch) -> Float[Tensor, "seeds 1 batch 1"]:
        """``V'(s', e)``."""
        seen = self.inputs(batch, "next_observations")
        actions, log_density = tanh_gaussian.sample_with_log_prob(self.actor(seen), batch["target_noise"])
        values = self.critics.target(torch.cat([seen, actions], dim=-1)).mean(1, keepdim=True)
        return values - self.settings.temperature * log_density[..., None]

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        seen = self.inputs(batch, "observations")
        actions, log_density = tanh_gaussian.sample_with_log_prob(self.actor(seen), batch["actor_noise"])
        pairs = torch.cat([seen, actions], dim=-1)
        values = self.critics.ensemble(self.critics.parameters.detach(), pairs).amin(1, keepdim=True)
        loss = (self.settings.temperature * log_density[..., None] - values).mean((1, 2, 3))
        self.actor.minimise(loss)
        return {"actor": loss, "entropy": -log_density.detach().mean((1, 2))}

    def move_targets(self, batch: Batch) -> Losses:
        """Polyak averaging of the critics, and of the policy that will act."""
        self.critics.move_target(self.settings.target_update_rate)
        self.actor.move_target(self.settings.averaging_rate)
        return {}

    def tensors(self) -> dict[str, Tensor]:
        return state_of(actor=self.actor, critics=self.critics)
