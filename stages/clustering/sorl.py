"""EM clustering with a posterior from summed probabilities (the clustering half of SORL).

As in EM, K policies explain the episodes between them and each episode has a posterior over policies. Here that
posterior comes from the *sum* of the probabilities that a policy gives to the actions, where the likelihood is their
product. So one action that a policy would never take costs an episode no more than its own term, and posteriors stay
soft: policies that agree at most steps share the episode nearly evenly. They also stay soft within the M-step, whose
mixture leaves it to every single step which of the likely policies explains it.

Objective:  ``sum_tau sum_t log sum_z Q(z | tau) beta(a_t | s_t; theta_z)``, maximised in theta; probabilities of
            discrete actions below 0.001 count as 0.001.
Posterior:  ``Q(z | tau) = sum_t beta(a_t | s_t; theta_z) / sum_z' sum_t beta(a_t | s_t; theta_z')``, uniform prior.
Source:     Mao et al.: Stylized Offline Reinforcement Learning, ICLR 2024; code at github.com/cedesu/SORL, from which
            the two formulas are taken.
Symbols:    num_clusters = number of styles (3 in the code), weights = Q. SORL's advantage-weighted learning begins when
            the styles have been found and is no part of the clustering.

Deviations:
    The released code draws 32 steps of one random episode per gradient step and takes the posterior from those; here
    batches mix episodes, and posteriors are taken from whole episodes, of all episodes, once an epoch.
    K separate networks, where the released ones share a trunk and differ by additions of rank 9 to two layers; no
    weight decay (1e-5 there).
    Vectors as actions: densities in normalised units take the place of probabilities, and have no floor.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.alternation.behaviours import Behaviours, behaviour_rows, refit
from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings, empty_history
from stages.datasets.episodes import EpisodeDataset
from stages.networks.heads import head_of
from stages.training.device import chunk_rows
from stages.training.draws import EpochDraws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable

LEAST_PROBABILITY = 0.001


class SorlSettings(ClusteringSettings):
    """SORL's EM."""

    em_epochs: int = Field(40, ge=1, description="epochs of EM")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size while clustering")


@CLUSTERING.register("sorl", SorlSettings)
class Sorl(ClusteringMethod):
    """SORL's EM for a block of seeds."""

    settings: SorlSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        learner = self.learner = SorlLearner(job, settings)
        num_steps = settings.em_epochs * learner.draws.steps_per_epoch
        metrics = job.train("SORL's EM", learner, learner.behaviours.rows, learner.draws, num_steps)
        posterior = learner.posterior()
        learner.weights.copy_(posterior)
        refit_metrics = refit(job, learner.behaviours, settings)
        labels = learner.history_labels
        return Clustering(
            responsibilities=posterior.cpu(),
            behaviours=learner.behaviours,
            normaliser=job.normaliser,
            history_labels=labels,
            score_history=learner.score_history,
            score_name="log of the mean probability of an action, per episode",
            converged=(labels[-1] == posterior.argmax(-1).cpu()).all(-1).tolist(),
            metrics=metrics.tensors() | {f"refit {name}": values for name, values in refit_metrics.items()},
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """The posterior of unseen episodes."""
        likelihood = SummedProbability(behaviour_rows(self.job, dataset), dataset)
        return torch.softmax(likelihood(self.learner.behaviours.policies), dim=-1).float().cpu()


class SorlLearner(Learner):
    """Epochs of gradient steps on weighted log-likelihoods, each followed by an E-step."""

    def __init__(self, job: Job, settings: SorlSettings) -> None:
        self.job, self.settings = job, settings
        num_episodes = job.dataset.num_episodes
        uniform = torch.full((len(job.seeds), num_episodes, settings.num_clusters), 1 / settings.num_clusters)
        self.behaviours = Behaviours(job, settings, settings.num_clusters, uniform)
        self.weights = self.behaviours.weights.values
        self.likelihood = SummedProbability(self.behaviours.rows, job.dataset)
        self.draws = EpochDraws(job.seeds, len(self.behaviours.rows), settings.batch_size)
        self.epoch = torch.zeros((), dtype=torch.int64)
        self.history_labels, self.score_history = empty_history(settings.em_epochs, len(job.seeds), num_episodes)
        self.updates = [Update(self.m_step), Update(self.end_epoch, every=self.draws.steps_per_epoch, eager=True)]
        self._e_step()

    def m_step(self, batch: Batch) -> Losses:
        """One gradient step of the policies, and one of the classifier where no refit will train it."""
        weights = self.behaviours.weights.rows_of(batch)
        losses = self.fit_policies(batch, weights)
        if self.settings.refit_epochs == 0:
            losses |= self.behaviours.fit_classifier(batch, weights)
        return losses

    def fit_policies(self, batch: Batch, weights: Float[Tensor, "seeds 1 batch clusters"]) -> Losses:
        """One step on the log-likelihood of the mixture, weighted for each episode by its posterior."""
        policies = self.behaviours.policies
        log_probs = self.behaviours.head.log_prob(policies(batch["observations"]), batch["actions"])
        if self.job.dataset.num_actions is not None:
            log_probs = log_probs.clamp_min(math.log(LEAST_PROBABILITY))
        loss = -torch.logsumexp(torch.log(weights.squeeze(1).mT) + log_probs, dim=1).mean(-1)
        policies.minimise(loss)
        return {"policy": loss}

    def end_epoch(self, batch: Batch) -> Losses:
        """Set the weights of the next epoch."""
        self.epoch += 1
        self._e_step()
        return {}

    def posterior(self) -> Float[Tensor, "seeds episodes clusters"]:
        """The posterior under the current policies."""
        return torch.softmax(self.likelihood(self.behaviours.policies), dim=-1).float()

    def tensors(self) -> dict[str, Tensor]:
        return {
            "epoch": self.epoch,
            "history_labels": self.history_labels,
            "score_history": self.score_history,
            **self.behaviours.tensors(),
        }

    def _e_step(self) -> None:
        """Posterior of every episode, for the epoch that follows."""
        k = int(self.epoch)
        if k == self.settings.em_epochs:
            return
        scores = self.likelihood(self.behaviours.policies)
        mixture = torch.logsumexp(scores, dim=-1) - torch.log(self.likelihood.lengths * scores.shape[-1])
        self.score_history[k] = mixture.mean(-1).cpu()
        self.history_labels[k] = scores.argmax(-1).cpu().to(torch.int16)
        self.weights.copy_(torch.softmax(scores, dim=-1))


class SummedProbability:
    """``log sum_t beta_z(a_t | s_t)`` of each episode under each policy.

    Args:
        rows: Columns `observations` and `actions`, episodes one after the other.
        dataset: Where the episodes begin and end.
    """

    def __init__(self, rows: Rows, dataset: EpisodeDataset) -> None:
        self.rows, self.head = rows, head_of(dataset)
        self.lengths = torch.from_numpy(dataset.episode_lengths).to(rows.matrix.device)

    @torch.no_grad()
    def __call__(self, policies: Trainable) -> Float[Tensor, "seeds episodes clusters"]:
        shape = policies.ensemble.num_seeds, policies.ensemble.num_members
        step = chunk_rows(self.rows.matrix.device, policies.ensemble.num_networks)
        log_probs = self.rows.matrix.new_empty(len(self.rows), *shape)
        for start in range(0, len(self.rows), step):
            stop = min(start + step, len(self.rows))
            chunk = self.rows.chunk(start, stop)
            outputs = policies(chunk["observations"].expand(shape[0], -1, -1, -1))
            log_probs[start:stop] = self.head.log_prob(outputs, chunk["actions"]).movedim(-1, 0)
        # Densities span many powers of ten, so each episode's largest is taken out before they are summed.
        largest = torch.segment_reduce(log_probs.amax(-1), "max", lengths=self.lengths, axis=0)
        scaled = torch.exp(log_probs - largest.repeat_interleave(self.lengths, 0)[..., None])
        sums = torch.segment_reduce(scaled, "sum", lengths=self.lengths, axis=0).double()
        tiny = torch.finfo(sums.dtype).tiny
        return (largest[..., None] + torch.log(sums.clamp_min(tiny))).movedim(0, 1)
