"""Segments for networks that have a cost limit each, gathered from the dataset's rows when they are needed."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.safety.limits.limit_head import LimitHead
from stages.safety.segments.partition import Partition
from stages.training.device import chunk_rows
from stages.training.job import Job
from stages.training.rows import Batch, Rows
from stages.training.trainable import Trainable


class SegmentRows(Rows):
    """A partition's segments: rows, labels and weights, and how likely the reference makes their actions.

    Args:
        job: Dataset and device.
        partition: Segments and labels.
        limits: Numbers of the partition's limits that there are networks for.
        reference: Its target copy is the reference, evaluated here once for every row.
        head: How the outputs are read.
    """

    def __init__(
        self, job: Job, partition: Partition, limits: list[int], reference: Trainable, head: LimitHead
    ) -> None:
        super().__init__({"observations": job.observations, "actions": job.actions}, job.device)
        self.length, device = partition.segments.length, job.device
        self.first = torch.from_numpy(partition.segments.first_rows(job.dataset)).to(device)
        self.steps = torch.arange(self.length, device=device)
        self.labels = torch.from_numpy(partition.labels[limits]).float().to(device)
        self.weights = torch.from_numpy(partition.weights[limits]).to(device)
        self.reference = self._log_probs(reference, head)

    def gather(self, index: Int[Tensor, "seeds limits batch"]) -> Batch:
        """The segments at `index`.

        Rows ``[seeds, limits, batch * length, width]`` and `reference` ``[seeds, limits, batch * length]``, segment
        after segment; `labels` and `weights` ``[seeds, limits, batch]``.
        """
        rows = (self.first[index][..., None] + self.steps).flatten(2)
        seeds, limits = index.shape[:2]
        networks = torch.arange(seeds * limits, device=rows.device).view(seeds, limits, 1)
        labelled = index + torch.arange(limits, device=rows.device)[:, None] * len(self.first)
        return super().gather(rows) | {
            "reference": self.reference.view(-1)[rows + networks * len(self)],
            "labels": self.labels.view(-1)[labelled],
            "weights": self.weights.view(-1)[labelled],
        }

    def _log_probs(self, reference: Trainable, head: LimitHead) -> Float[Tensor, "seeds limits steps"]:
        ensemble, size = reference.ensemble, chunk_rows(self.matrix.device, reference.ensemble.num_networks)
        found = torch.empty(ensemble.num_seeds, ensemble.num_members, len(self), device=self.matrix.device)
        for start in range(0, len(self), size):
            chunk = self.chunk(start, min(start + size, len(self)))
            outputs = reference.target(chunk["observations"].expand(ensemble.num_seeds, -1, -1, -1))
            found[:, :, start : start + size] = head.log_prob(outputs, chunk["actions"].expand(*outputs.shape[:3], -1))
        return found
