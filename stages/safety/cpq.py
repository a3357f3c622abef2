"""CPQ: Q-learning in which what is unsafe or unlike the data loses its value.

A cost critic is taught that actions unlike the data cost more than the limit allows; the reward critic then counts
nothing after a next action whose costs exceed the limit, and the actor climbs it where costs keep within the limit.

Objectives: cost critics ``[Qc_i(s, a) - (c + gamma Qc(s', a'))]^2 + alpha max(0, h l - E[Qc(s, a-)])``, a' ~ pi(s'),
                         a- the sampled actions of pi(s) that are least like the data, if they are unlike it;
            reward critics ``[Q_i(s, a) - (r + gamma 1(Qc(s', a') <= l) min_j Q_j(s', a'))]^2``;
            actor         ``- 1(Qc(s, a) <= l) min_j Q_j(s, a) + w E|min_j Q_j| 1(Qc(s, b) <= l) |a - b|^2``,
                         a ~ pi(s), b the data's action at s;
            multiplier    ``log alpha <- log alpha + eta alpha (h l - E[Qc(s, a-)])``, kept in [-5, 5].
Source:     Xu, Zhan, Zhu: Constraints Penalized Q-Learning for Safe Offline Reinforcement Learning, AAAI 2022; settings
            and the limit's conversion (`discounted_limit`) as in OSRL's ``cpq.py`` (Liu et al. 2023).

Deviations: an unsafe next action is worth the smallest return of the dataset, if that is negative, in place of 0, which
            would be a prize where rewards are negative. Actions unlike the data are those among the share `ood_share`
            with the largest divergence in a variational auto-encoder that diverge more than the share `ood_quantile`
            of the data's own actions do; OSRL has no such threshold, so that a share of any policy's actions counts
            as unlike the data, averages over all sampled actions, the others' costs being 0, and cuts off the gradient
            of that term, so that there it has no effect on the critics. With its gradient and without the maximum,
            costs of such actions grew without end and were bootstrapped from. The actor's term of weight w, absent
            from paper and OSRL, holds it to those of the data's actions that count as safe, much as TD3+BC does to
            all; w = 0 leaves it out. Costs stop at terminations, which OSRL ignores. Rewards and costs are in units of
            the spread of their discounted sums; the auto-encoder is shared by all limits of a seed. As in OSRL, the
            smaller of twin values counts, for costs too.

Why threshold and w: the actions of an untrained actor are all unlike the data. Their costs are raised above the limit,
the data's own actions are taught to lead there, and where all is unsafe the actor has no gradient to find back by. On
HalfCheetah, after 3000 to 5000 steps with neither, 5 to 37 % of the data's actions counted as safe, cost critics
correlated with true costs-to-go by -0.1 to -0.5, actions were 2.9 from the data's, and normalised rewards were below 0.
With w = 1 on all of the data's actions but no threshold, 4 to 18 % counted as safe. With both as they are, 35 to 86 %,
correlations were 0.4 to 0.7 and rewards about 0.75, at costs within the limits; held to unsafe actions too, costs were
12 times the tightest limit. The larger of twin costs had a mean nearer the truth, but counted next to nothing as safe
under tight limits.

Symbols: discount = gamma, multiplier = alpha, multiplier_learning_rate = eta, ood_cost_ratio = h, kl_weight = beta,
         clone_weight = w.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.agents.network import artifact_of_policies
from stages.artifacts import Artifact
from stages.networks import gaussian
from stages.networks.ensemble import Ensemble
from stages.safety import SAFETY
from stages.safety.contract import SafeAlgorithm, SafeSettings
from stages.safety.limits.action_vae import ActionVae
from stages.safety.limits.cost_transitions import CostTransitions, discounted_limit
from stages.seeding import generators
from stages.settings import Widths
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update, state_of
from stages.training.rows import Batch
from stages.training.trainable import Trainable

LARGEST_LOG_MULTIPLIER = 5.0


class CpqSettings(SafeSettings):
    """Constraints penalised Q-learning; defaults are OSRL's, but for `ood_quantile` and `clone_weight`."""

    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size of critics and auto-encoder")
    actor_learning_rate: float = Field(1.0e-4, gt=0, description="Adam step size of the actor")
    multiplier_learning_rate: float = Field(1.0e-4, ge=0, description="step size eta of the multiplier alpha")
    discount: float = Field(0.99, ge=0, lt=1, description="discount factor gamma")
    target_update_rate: float = Field(0.005, gt=0, le=1, description="target update rate tau")
    num_sampled_actions: int = Field(10, ge=1, description="actions per row among which the unlikely ones are sought")
    ood_share: float = Field(0.25, gt=0, le=1, description="share of them that may count as unlike the data")
    ood_quantile: float = Field(
        0.95, ge=0, le=1, description="share of the data's own actions that they must diverge more than; 0: OSRL's rule"
    )
    ood_cost_ratio: float = Field(1.5, gt=0, description="h: what those are to cost, in multiples of the limit")
    clone_weight: float = Field(1.0, ge=0, description="weight w that holds actors to safe data; 0: as published")
    kl_weight: float = Field(0.5, ge=0, description="weight beta of the auto-encoder's divergence")
    vae_hidden_sizes: Widths = Field((400, 400), description="hidden layer widths of the auto-encoder")


@SAFETY.register("cpq", CpqSettings)
class Cpq(SafeAlgorithm, Learner):
    """Learner of one actor and two pairs of twin critics per limit; members ``2 l`` and ``2 l + 1`` are limit l's."""

    settings: CpqSettings

    def __init__(self, job: Job, settings: CpqSettings, given: Artifact | None = None) -> None:
        super().__init__(job, settings, given)
        seeds, device, rate, inner = job.seeds, job.device, settings.learning_rate, settings.hidden_sizes
        data = CostTransitions.of(job, settings.discount)
        self.rows, self.unsafe_value = data.rows, min(data.smallest_value, 0.0)
        allowed = discounted_limit(torch.tensor(self.limits), settings.discount, torch.tensor(float(data.horizon)))
        self.allowed = (allowed / data.cost_scale).to(device)[None, :, None, None]
        observation, action = self.rows.widths["observations"], self.rows.widths["actions"]
        self.policy = Ensemble((observation, *inner, 2 * action), len(seeds), len(self.limits))
        self.actor = Trainable(self.policy, generators(seeds, "cpq actor"), settings.actor_learning_rate, device)
        twins = (observation + action, *inner, 1), len(seeds), 2 * len(self.limits)
        self.critics = Trainable(Ensemble(*twins), generators(seeds, "cpq critics"), rate, device, target=True)
        sources = generators(seeds, "cpq cost critics")
        self.cost_critics = Trainable(Ensemble(*twins), sources, rate, device, target=True)
        sizes = observation, action, settings.vae_hidden_sizes
        self.vae = ActionVae(*sizes, settings.kl_weight, seeds, rate, device)
        self.log_multiplier = torch.zeros(len(seeds), len(self.limits), device=device)
        sampled = {"sampled_noise": settings.num_sampled_actions * action}
        self.noise = {"target_noise": action, "actor_noise": action, **sampled, **self.vae.noise}
        steps = self.vae.fit, self.fit_critics, self.fit_actor, self.move_targets
        self.updates = [Update(step) for step in steps]

    def train(self) -> Artifact:
        settings, seeds = self.settings, self.job.seeds
        draws = UniformDraws(seeds, len(self.rows), settings.batch_size, noise=self.noise)
        metrics = self.job.train("CPQ", self, self.rows, draws, settings.num_steps)
        policy, parameters = mean_network(self.policy, self.actor.parameters.detach())
        return artifact_of_policies(policy, parameters, self.job.normaliser, self.limits, True, metrics.tensors())

    def fit_critics(self, batch: Batch) -> Losses:
        """One step of the reward critics on the penalised Bellman operator, of the cost critics and the multiplier."""
        with torch.no_grad():
            pairs = self.pairs(batch["next_observations"], batch["target_noise"])
            values, costs = (twin_values(c.target, pairs).amin(2) for c in (self.critics, self.cost_critics))
            counted = torch.where(costs <= self.allowed, values, self.unsafe_value)
        loss = self._error(self.critics, batch, batch["rewards"] + batch["discounts"] * counted)
        cost_loss = self._error(self.cost_critics, batch, batch["costs"] + batch["discounts"] * costs)
        multiplier = self.log_multiplier.exp()
        excess = self.strange_excess(batch)
        self.critics.minimise(loss)
        self.cost_critics.minimise(cost_loss - (multiplier * excess.clamp(max=0)).sum(1))
        self.log_multiplier -= self.settings.multiplier_learning_rate * multiplier * excess.detach()
        self.log_multiplier.clamp_(-LARGEST_LOG_MULTIPLIER, LARGEST_LOG_MULTIPLIER)
        return {"critic": loss, "cost critic": cost_loss, "multiplier": multiplier.mean(1)}

    def fit_actor(self, batch: Batch) -> Losses:
        """One step of the actor."""
        pairs = self.pairs(batch["observations"], batch["actor_noise"])
        values = twin_values(self._held(self.critics), pairs).amin(2)
        with torch.no_grad():
            recorded = torch.cat([batch["observations"], batch["actions"]], dim=-1).expand_as(pairs)
            safe, recorded_safe = (
                self.counts_as_safe(self._held(self.cost_critics), asked) for asked in (pairs, recorded)
            )
        distance = (pairs - recorded).square().sum(-1, keepdim=True)
        strength = self.settings.clone_weight * values.detach().abs().mean((2, 3), keepdim=True)
        loss = (strength * recorded_safe * distance - safe * values).mean((2, 3)).sum(1)
        self.actor.minimise(loss)
        return {"actor": loss, "safe share": safe.mean((1, 2, 3)), "data's safe share": recorded_safe.mean((1, 2, 3))}

    def counts_as_safe(
        self, cost_critics: Callable[[Tensor], Tensor], pairs: Float[Tensor, "seeds limits batch pair"]
    ) -> Float[Tensor, "seeds limits batch 1"]:
        """1 where costs keep within the limit, 0 elsewhere."""
        return (twin_values(cost_critics, pairs).amin(2) <= self.allowed).float()

    def move_targets(self, batch: Batch) -> Losses:
        """Polyak averaging of all targets."""
        self.critics.move_target(self.settings.target_update_rate)
        self.cost_critics.move_target(self.settings.target_update_rate)
        return {}

    def strange_excess(self, batch: Batch) -> Float[Tensor, "seeds limits"]:
        """By how much the mean cost of actions unlike the data exceeds ``h l``, with gradient; 0 if there are none."""
        settings, shape = self.settings, batch["sampled_noise"].shape
        noise = batch["sampled_noise"].view(shape[0], 1, -1, self.rows.widths["actions"])
        observations = batch["observations"].repeat_interleave(settings.num_sampled_actions, dim=2)
        with torch.no_grad():
            pairs = self.pairs(observations, noise)
            strangeness = self.vae.strangeness(pairs.flatten(1, 2)[:, None]).view(pairs.shape[:3])
            strangest = strangeness.topk(max(1, round(settings.ood_share * pairs.shape[2])), dim=2)
            strange = pairs.gather(2, strangest.indices[..., None].expand(-1, -1, -1, pairs.shape[3]))
            counted = (strangest.values >= self._threshold(batch)).float()
        costs = twin_values(self.cost_critics, strange).mean((2, 4))
        excess = costs - settings.ood_cost_ratio * self.allowed[..., 0]
        return (counted * excess).sum(2) / counted.sum(2).clamp(min=1)

    def _threshold(self, batch: Batch) -> Float[Tensor, "*#seeds"]:
        """Divergence from which on an action is unlike the data."""
        if self.settings.ood_quantile == 0:
            return torch.zeros((), device=batch["actions"].device)  # divergences are not negative
        strangeness = (
            self.vae.strangeness(torch.cat([batch["observations"], batch["actions"]], dim=-1)).sort(dim=2).values
        )
        return strangeness[:, :, round(self.settings.ood_quantile * (strangeness.shape[2] - 1)), None]

    def pairs(self, observations: Tensor, noise: Tensor) -> Float[Tensor, "seeds limits batch pair"]:
        """Observations beside an action of each limit's policy; the limits share the noise."""
        actions = torch.tanh(gaussian.sample(self.actor(observations), noise.expand(-1, len(self.limits), -1, -1)))
        return torch.cat([observations.expand(-1, len(self.limits), -1, -1), actions], dim=-1)

    def tensors(self) -> dict[str, Tensor]:
        held = state_of(actor=self.actor, critics=self.critics, cost_critics=self.cost_critics, vae=self.vae)
        return held | {"log_multiplier": self.log_multiplier}

    def _error(self, critics: Trainable, batch: Batch, target: Tensor) -> Float[Tensor, "seeds"]:
        """Squared errors at the dataset's own actions, summed over limits and twins."""
        predicted = critics(torch.cat([batch["observations"], batch["actions"]], dim=-1))
        return (predicted - target.repeat_interleave(2, dim=1)).square().mean((2, 3)).sum(1)

    @staticmethod
    def _held(critics: Trainable) -> Callable[[Tensor], Tensor]:
        return lambda inputs: critics.ensemble(critics.parameters.detach(), inputs)


def twin_values(
    critics: Callable[[Tensor], Tensor], pairs: Float[Tensor, "seeds limits batch pair"]
) -> Float[Tensor, "seeds limits 2 batch 1"]:
    """Both critics of each limit at that limit's pairs."""
    return critics(pairs.repeat_interleave(2, dim=1)).unflatten(1, (-1, 2))


def mean_network(policy: Ensemble, parameters: Float[Tensor, "parameters"]) -> tuple[Ensemble, Tensor]:
    """The networks that give the means alone of Gaussian policies, and their parameters."""
    width = policy.sizes[-1] // 2
    *inner, weight, bias = policy.views(parameters)
    blocks = [*inner, weight[..., :width], bias[..., :width]]
    means = Ensemble((*policy.sizes[:-1], width), policy.num_seeds, policy.num_members)
    return means, torch.cat([block.reshape(-1) for block in blocks])
