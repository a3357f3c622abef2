"""PG-Kmeans with policies that are networks: the k policies of all restarts of all seeds are one ensemble.

Every gradient step draws rows uniformly, the same for all clusters of a run; each policy learns from those that are its
own, so clusters of any size cost the same. An M-step is `fit_steps` such steps, and the E-step an update like any
other, so that an interrupted run resumes anywhere. A run that has stopped keeps its policies of that moment: what it
finds does not depend on how long the runs beside it take.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.artifacts import prefixed
from stages.clustering.alternation.behaviours import behaviour_rows
from stages.clustering.alternation.floored_likelihood import floored_likelihood
from stages.clustering.alternation.hard_assignment import HardAssignment
from stages.clustering.alternation.held_out import judge_by_held_out
from stages.clustering.alternation.merging import Level
from stages.clustering.alternation.pg_policies import Chosen, Policies
from stages.clustering.alternation.pg_settings import PgKmeansSettings
from stages.clustering.em import centred
from stages.datasets.episodes import EpisodeDataset
from stages.networks.ensemble import Ensemble
from stages.networks.heads import head_of
from stages.seeding import Seeds, generators
from stages.training.draws import UniformDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job
from stages.training.learner import Learner, Losses, Update
from stages.training.restarts import run_seeds
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class NeuralPolicies(Policies):
    """Networks of all runs.

    Args:
        job: Dataset, seeds, device.
        settings: Of PG-Kmeans.
        weights: What each episode counts for in J and in the M-step.
    """

    def __init__(self, job: Job, settings: PgKmeansSettings, weights: Float[Tensor, "episodes"]) -> None:
        super().__init__()
        self.job, self.settings, self.weights = job, settings, weights

    def alternate(self, start: Int[Tensor, "runs episodes"], num_clusters: int) -> HardAssignment:
        job, settings = self.job, self.settings
        found = HardAssignment(start, num_clusters, settings.max_iterations, self.weights, settings.reseeds)
        runs = run_seeds(job.seeds, settings.restarts)
        rows = behaviour_rows(job)
        self.learner = PgLearner(job, settings, runs, rows, found)
        draws = UniformDraws(runs, len(rows), settings.batch_size)
        steps = settings.max_iterations * settings.fit_steps
        self.metrics = job.train("PG-Kmeans", self.learner, rows, draws, steps).tensors()
        return found

    def judge(self, found: HardAssignment, traces: list[list[Level]]) -> None:
        """Only for each seed's run of the largest J; all have had the same number of clusters."""
        if self.settings.num_clusters is not None:
            return
        restarts = self.settings.restarts
        best = found.scores.view(-1, restarts).argmax(1) + torch.arange(len(self.job.seeds)) * restarts
        judge_by_held_out(self.job, self.settings, found.labels[best], self.weights, [traces[run] for run in best])

    def keep(self, found: HardAssignment, chosen: list[Chosen], num_clusters: int) -> None:
        self.alive, self.num_clusters = [level.alive for _, level in chosen], num_clusters
        self.kept = self.learner.policies_of([run for run, _ in chosen])

    def scores(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        likelihood = floored_likelihood(behaviour_rows(self.job, dataset), dataset, self.settings.log_prob_floor)
        of_all = likelihood(self.kept).cpu()
        scores = of_all.new_full((*of_all.shape[:2], self.num_clusters), -torch.inf)
        for kept, found, alive in zip(scores, of_all, self.alive, strict=True):
            kept[:, : len(alive)] = found[:, alive]
        return scores


class PgLearner(Learner):
    """Alternates M-steps and E-steps for all runs.

    Args:
        job: Dataset, device.
        settings: Of PG-Kmeans.
        runs: A seed for each run.
        rows: The dataset as networks see it.
        found: Labels of the runs, changed in place.
    """

    def __init__(self, job: Job, settings: PgKmeansSettings, runs: Seeds, rows: Rows, found: HardAssignment) -> None:
        self.settings, self.found, self.head, device = settings, found, head_of(job.dataset), job.device
        sizes = (rows.widths["observations"], *settings.hidden_sizes, self.head.num_outputs)
        self.policies = Trainable(
            Ensemble(sizes, len(runs), found.num_clusters), generators(runs, "policies"), settings.learning_rate, device
        )
        self.kept, self.first = (self.policies.parameters.detach().clone() for _ in range(2))
        self.likelihood = floored_likelihood(rows, job.dataset, settings.log_prob_floor)
        self.clusters = torch.arange(found.num_clusters, device=device)[:, None]
        weights = found.weights.float().expand(found.labels.shape)
        self.table = EpisodeTable(torch.stack([found.labels.float(), weights], dim=-1).to(device))
        self.updates = [Update(self.m_step), Update(self.e_step, every=settings.fit_steps, eager=True)]

    def m_step(self, batch: Batch) -> Losses:
        """One gradient step on the mean of ``-log beta_z(a | s)`` over each cluster's rows."""
        label, weight = self.table.rows_of(batch).unbind(-1)
        members = weight * (label == self.clusters)
        log_probs = self.head.log_prob(self.policies(batch["observations"]), batch["actions"])
        loss = -((members * log_probs).sum(-1) / members.sum(-1).clamp(min=1.0)).mean(1)
        self.policies.minimise(loss * self.found.num_clusters)
        return {"policy": loss}

    def e_step(self, batch: Batch) -> Losses:
        """New labels for the runs that go on."""
        running = self.found.running
        scores = self.likelihood(self.policies).cpu()
        for run in running:
            self.found.update(run, scores[run], self._centred(run, scores[run]))
        chosen = torch.zeros(len(scores), dtype=torch.bool)
        chosen[running] = True
        self.policies.ensemble.copy_seeds(self.policies.parameters.detach(), self.kept, chosen.to(self.kept.device))
        self.table.values[..., 0] = self.found.labels
        if not self.settings.warm_start:
            self.policies.load(self.first)
            self.policies.restart()
        return {}

    def finished(self) -> bool:
        return not self.found.running

    def policies_of(self, runs: list[int]) -> Trainable:
        """The policies with which the given runs stopped."""
        ensemble = self.policies.ensemble
        networks = torch.arange(ensemble.num_networks).view(ensemble.num_seeds, -1)[runs].flatten()
        smaller = replace(ensemble, num_seeds=len(runs))
        picked = Trainable(smaller, generators(runs, "policies"), self.settings.learning_rate, self.kept.device)
        picked.load(torch.cat([view[networks].flatten() for view in ensemble.views(self.kept)]))
        return picked

    def tensors(self) -> dict[str, Tensor]:
        return {
            "kept": self.kept,
            "table": self.table.values,
            **self.found.tensors(),
            **prefixed("policies", self.policies.tensors()),
        }

    def _centred(self, run: int, scores: Float[Tensor, "episodes clusters"]) -> Tensor | None:
        """What to assign by in the first iterations: no policy is then better over the whole dataset."""
        if int(self.found.iterations[run]) >= self.settings.centred:
            return None
        return centred(scores[None], self.likelihood.lengths.cpu())[0]
