"""EM clustering of trajectories by the policy that made them (EMPO, Section 3.1, Algorithm 1).

Each of K Gaussian policies ``beta(a | s; theta_z)`` explains part of the episodes. The E-step gives every episode a
posterior over policies from the likelihood of its actions; the M-step is an epoch of gradient steps on the likelihood
weighted by it. A classifier ``q(z | s)`` is trained beside the policies, for the high-level policy.

Objective (Eq. 6):  ``- sum_z Q(z | tau(s, a)) log beta(a | s; theta_z)``; classifier: ``KL(Q(. | tau) || q(. | s))``.
Posterior (Eq. 3):  ``Q_theta(z | tau)  proportional to  prod_t beta(a_t | s_t; theta_z)``, uniform prior.
Heuristics:         I, average the posterior over epochs with momentum mu (Eq. 5); II, pretrain on uniform weights
                    (Eq. 7) for N_p epochs; III, bias each policy to a random group of episodes (Eq. 8) for N_b epochs.
Source:             Park, Cho, Sung: EMPO, ARLET 2024, Eqs. 3-9, Algorithm 1, Table 4.

Beyond the paper, each an option that can be switched off:
    centred_epochs  In the first E-steps every policy's mean log-likelihood per step is subtracted from its scores.
                    Pretrained policies are almost equal, and one that is slightly better everywhere would win every
                    episode, since small differences add up over hundreds of steps. Centred scores ask instead which
                    policy suits an episode better than it suits the others (docs/decisions/0003).
    start           `evidence`: the groups of heuristic III are not random but those of evidence clustering, and the
                    posterior's average begins with them; pretrain_epochs should be 0 then.
    patience        Stop once assignments have stayed equal for that many epochs.
    refit_epochs    Then fit policies and classifier to the final posterior with a falling learning rate. The averaged
                    posterior is still ``mu^n`` uniform after n epochs, and so are the policies.

Symbols: num_clusters = K, momentum = mu, bias_epochs = N_b, pretrain_epochs = N_p, em_epochs = N_E, weights = Q^(k).
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.alternation.behaviours import Behaviours, behaviour_rows, refit
from stages.clustering.alternation.starts import Start, starting_labels
from stages.clustering.alternation.trajectory_likelihood import TrajectoryLikelihood
from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings, empty_history, one_hot
from stages.datasets.episodes import EpisodeDataset
from stages.training.draws import EpochDraws
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.rows import Batch


class EmSettings(ClusteringSettings):
    """EM clustering; the published algorithm is the defaults with centred_epochs 0."""

    start: Start = Field("random", description="groups of episodes that policies are biased to (heuristic III)")
    bias_epochs: int = Field(3, ge=0, description="epochs on these groups, N_b")
    pretrain_epochs: int = Field(20, ge=0, description="epochs on uniform weights (heuristic II), N_p")
    em_epochs: int = Field(60, ge=1, description="epochs of EM at most, N_E")
    momentum: float = Field(0.9, ge=0, lt=1, description="averaging of the posterior over epochs (heuristic I), mu")
    centred_epochs: int = Field(5, ge=0, description="E-steps with centred scores at the start; 0 is the published EM")
    patience: int | None = Field(
        None, ge=1, description="stop after so many epochs with equal assignments; null: never"
    )


@CLUSTERING.register("em", EmSettings)
class Em(ClusteringMethod):
    """EM for a block of seeds."""

    settings: EmSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        learner = self.learner = EmLearner(job, settings)
        rows = learner.behaviours.rows
        epochs = learner.first_em_epoch + settings.em_epochs
        metrics = job.train("EM clustering", learner, rows, learner.draws, epochs * learner.draws.steps_per_epoch)
        learner.settle()
        posterior = learner.posterior()
        learner.weights.copy_(posterior)
        refit_metrics = refit(job, learner.behaviours, settings)
        return Clustering(
            responsibilities=posterior,
            behaviours=learner.behaviours,
            normaliser=job.normaliser,
            history_labels=learner.history_labels,
            score_history=learner.score_history,
            score_name="log-likelihood per step",
            converged=(learner.stable_epochs >= (settings.patience or 1)).tolist(),
            metrics=metrics.tensors() | {f"refit {name}": values for name, values in refit_metrics.items()},
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """The posterior of unseen episodes (Eq. 3)."""
        likelihood = TrajectoryLikelihood(behaviour_rows(self.job, dataset), dataset)
        return torch.softmax(likelihood(self.learner.behaviours.policies), dim=-1).float()


class EmLearner(Learner):
    """Algorithm 1. The end of an epoch is an update like any other, so an interrupted run resumes anywhere.

    A seed that has run out of patience keeps its networks of that moment, so that its result does not depend on how
    long the seeds beside it take.
    """

    def __init__(self, job: Job, settings: EmSettings) -> None:
        self.job, self.settings = job, settings
        num_seeds, num_episodes = len(job.seeds), job.dataset.num_episodes
        uniform = torch.full((num_seeds, num_episodes, settings.num_clusters), 1 / settings.num_clusters)
        self.behaviours = Behaviours(job, settings, settings.num_clusters, uniform)
        self.weights = self.behaviours.weights.values
        self.likelihood = TrajectoryLikelihood(self.behaviours.rows, job.dataset)
        self.draws = EpochDraws(job.seeds, len(self.behaviours.rows), settings.batch_size)
        self.epoch = torch.zeros((), dtype=torch.int64)
        self.stable_epochs = torch.zeros(num_seeds, dtype=torch.int64)
        self.stopped = torch.zeros(num_seeds, dtype=torch.bool)
        self.groups = one_hot(
            starting_labels(job, settings.start, 1, settings.num_clusters)[:, 0], settings.num_clusters
        )
        self.networks = (self.behaviours.policies, self.behaviours.classifier)
        self.kept = [network.parameters.detach().clone() for network in self.networks]
        self.history_labels, self.score_history = empty_history(settings.em_epochs, num_seeds, num_episodes)
        self.updates = [Update(self.m_step), Update(self.end_epoch, every=self.draws.steps_per_epoch, eager=True)]
        self._set_weights()

    @property
    def first_em_epoch(self) -> int:
        return self.settings.bias_epochs + self.settings.pretrain_epochs

    def m_step(self, batch: Batch) -> Losses:
        """One gradient step on Eq. 6, and one of the classifier where no refit will train it."""
        weights = self.behaviours.weights.rows_of(batch)
        losses = self.behaviours.fit_policies(batch, weights)
        if self.settings.refit_epochs == 0:
            losses |= self.behaviours.fit_classifier(batch, weights)
        return losses

    def end_epoch(self, batch: Batch) -> Losses:
        """Set the weights of the next epoch: line 2, 7 or 13 of Algorithm 1."""
        self.epoch += 1
        self._set_weights()
        return {}

    def finished(self) -> bool:
        return bool(self.stopped.all())

    def settle(self) -> None:
        """Let every seed have the networks of the moment at which it stopped."""
        self._stop(~self.stopped)
        for network, kept in zip(self.networks, self.kept, strict=True):
            network.load(kept)

    def posterior(self) -> Float[Tensor, "seeds episodes clusters"]:
        """The posterior under the current policies (Eq. 3)."""
        return torch.softmax(self.likelihood(self.behaviours.policies), dim=-1).float()

    def tensors(self) -> dict[str, Tensor]:
        return {
            "epoch": self.epoch,
            "stable_epochs": self.stable_epochs,
            "stopped": self.stopped,
            "kept/policies": self.kept[0],
            "kept/classifier": self.kept[1],
            "history_labels": self.history_labels,
            "score_history": self.score_history,
            **self.behaviours.tensors(),
        }

    def _set_weights(self) -> None:
        epoch = int(self.epoch)
        if epoch < self.settings.bias_epochs:
            self.weights.copy_(self.groups)
        elif epoch < self.first_em_epoch:
            self.weights.fill_(1 / self.settings.num_clusters)
        elif epoch < self.first_em_epoch + self.settings.em_epochs:
            self._e_step(epoch - self.first_em_epoch)

    def _e_step(self, k: int) -> None:
        """Posterior of every episode (Eq. 3), averaged over epochs (Eq. 5)."""
        scores = self.likelihood(self.behaviours.policies)
        self._log(k, scores)
        if k < self.settings.centred_epochs:
            scores = centred(scores, self.likelihood.lengths)
        if k == 0 and self.settings.start == "random":
            self.weights.fill_(1 / self.settings.num_clusters)
        momentum = self.settings.momentum
        self.weights.mul_(momentum).add_((1 - momentum) * torch.softmax(scores, dim=-1).float())

    def _log(self, k: int, scores: Float[Tensor, "seeds episodes clusters"]) -> None:
        labels = scores.argmax(-1).cpu().to(torch.int16)
        mixture = torch.logsumexp(scores, dim=-1) - torch.log(torch.tensor(float(scores.shape[-1])))
        unchanged = (
            (labels == self.history_labels[k - 1]).all(-1) if k > 0 else torch.zeros(len(labels), dtype=torch.bool)
        )
        running = ~self.stopped
        self.stable_epochs[running] = torch.where(unchanged, self.stable_epochs + 1, 0)[running]
        self.history_labels[k, running] = labels[running]
        self.score_history[k, running] = (mixture.sum(-1) / self.likelihood.lengths.sum()).cpu()[running]
        if self.settings.patience is not None:
            self._stop(running & (self.stable_epochs >= self.settings.patience))

    def _stop(self, chosen: Bool[Tensor, "seeds"]) -> None:
        """Keep the networks of the chosen seeds as they are now."""
        for network, kept in zip(self.networks, self.kept, strict=True):
            network.ensemble.copy_seeds(network.parameters.detach(), kept, chosen.to(kept.device))
        self.stopped |= chosen


def centred(
    scores: Float[Tensor, "seeds episodes clusters"], lengths: Float[Tensor, "episodes"]
) -> Float[Tensor, "seeds episodes clusters"]:
    """Scores less each policy's mean log-likelihood per step, so that no policy is better over the whole dataset."""
    per_step = scores / lengths[:, None]
    return scores - lengths[:, None] * per_step.mean(1, keepdim=True)
