"""Which cluster each episode is in, for many runs, and how it came about: the E-step with hard assignment."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.artifacts import prefixed


class HardAssignment:
    """The assignments W of all runs (a seed's restarts), and J after each E-step.

    Args:
        start: Labels to start from.
        num_clusters: k.
        max_iterations: E-steps of a run at most.
        weights: What the score of each episode counts for in J; 0 for an episode that takes no part.
        reseed: Whether a cluster that has lost all its episodes gets the worst explained ones, during the first half
            of the iterations; else it is gone for good.

    Attributes:
        labels: Present labels.
        iterations: E-steps of each run so far.
        converged: Whether the last E-step changed no label.
        transfer: Entry (i, j): J of cluster i's episodes under policy j, at the last E-step; known once a run has
            stopped.
        score_history: J after each E-step; NaN after a run has stopped.
        history_labels: Labels after each E-step; -1 after a run has stopped.
    """

    def __init__(
        self,
        start: Int[Tensor, "runs episodes"],
        num_clusters: int,
        max_iterations: int,
        weights: Float[Tensor, "episodes"],
        reseed: bool = False,
    ) -> None:
        self.num_clusters, self.max_iterations, self.reseed = num_clusters, max_iterations, reseed
        self.weights, self.counted = weights.double(), weights > 0
        runs, episodes = start.shape
        kind = torch.int8 if num_clusters <= 127 else torch.int16
        self.labels = start.long().clone()
        self.iterations = torch.zeros(runs, dtype=torch.int64)
        self.converged = torch.zeros(runs, dtype=torch.bool)
        self.transfer = torch.zeros(runs, num_clusters, num_clusters, dtype=torch.float64)
        self.score_history = torch.full((max_iterations, runs), torch.nan, dtype=torch.float64)
        self.history_labels = torch.full((max_iterations, runs, episodes), -1, dtype=kind)

    @property
    def running(self) -> list[int]:
        """Runs that have not stopped."""
        return torch.nonzero(~self.converged & (self.iterations < self.max_iterations)).flatten().tolist()

    @property
    def scores(self) -> Float[Tensor, "runs"]:
        """J of each run that has stopped."""
        return self.transfer.diagonal(dim1=1, dim2=2).sum(-1)

    def sizes(self, run: int) -> Int[Tensor, "clusters"]:
        """Episodes in each cluster of a run, of those that take part."""
        return torch.bincount(self.labels[run][self.counted], minlength=self.num_clusters)

    def update(
        self,
        run: int,
        scores: Float[Tensor, "episodes clusters"],
        deciding: Float[Tensor, "episodes clusters"] | None = None,
    ) -> None:
        """The E-step of one run: every episode to the cluster whose policy explains it best.

        Args:
            run: Which run.
            scores: Log-likelihood of each episode under each policy.
            deciding: What to assign by instead of `scores`; the run goes on then whether or not labels change.
        """
        by, empty = scores if deciding is None else deciding, self.sizes(run) == 0
        labels = (by.masked_fill(empty, -torch.inf) if empty.any() else by).argmax(-1)
        best = scores.gather(1, labels[:, None]).squeeze(1)
        iteration = int(self.iterations[run])
        if self.reseed and iteration < self.max_iterations // 2:
            self._reseed(best, labels)
            best = scores.gather(1, labels[:, None]).squeeze(1)
        self.score_history[iteration, run] = (best * self.weights)[self.counted].sum()
        self.history_labels[iteration, run] = labels.to(self.history_labels.dtype)
        self.converged[run] = deciding is None and bool((labels == self.labels[run]).all())
        self.labels[run] = labels
        self.iterations[run] += 1
        if run not in self.running:
            self.transfer[run] = self._transfer(scores, labels)

    def tensors(self) -> dict[str, Tensor]:
        """All that changes, for checkpoints."""
        names = ("labels", "iterations", "converged", "transfer", "score_history", "history_labels")
        return prefixed("assignment", {name: getattr(self, name) for name in names})

    def _transfer(
        self, scores: Float[Tensor, "episodes clusters"], labels: Int[Tensor, "episodes"]
    ) -> Float[Tensor, "clusters clusters"]:
        weighted = scores[self.counted] * self.weights[self.counted, None]
        return torch.zeros_like(self.transfer[0]).index_add_(0, labels[self.counted], weighted)

    def _reseed(self, best: Float[Tensor, "episodes"], labels: Int[Tensor, "episodes"]) -> None:
        """Give empty clusters, one after the other, the worst explained episodes: 1 of 4 K (in place)."""
        share = max(1, int(self.counted.sum()) // (4 * self.num_clusters))
        worst = torch.where(self.counted, best * self.weights, torch.inf).argsort()
        empty = torch.bincount(labels[self.counted], minlength=self.num_clusters) == 0
        for place, cluster in enumerate(torch.nonzero(empty).flatten().tolist()):
            labels[worst[place * share : (place + 1) * share]] = cluster
