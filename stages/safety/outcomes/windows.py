"""A dataset as models conditioned on outcomes see it: windows of steps, each with what it led to from there."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from stages.datasets.transitions import returns_to_go
from stages.safety.outcomes.relabelling import relabelled
from stages.seeding import generator
from stages.training.job import Job
from stages.training.rows import Batch, Rows
from stages.training.windows import Windows

RETURNS, COSTS = "returns_to_go", "costs_to_go"


@dataclass(frozen=True)
class ToGoScale:
    """Scaling of returns-to-go and costs-to-go to mean 0 and deviation 1 over the dataset's steps.

    Costs-to-go below 0 count as 0: a budget that is overspent is one that is spent.
    """

    return_mean: Float[Tensor, ""]
    return_std: Float[Tensor, ""]
    cost_mean: Float[Tensor, ""]
    cost_std: Float[Tensor, ""]

    @classmethod
    def of(cls, returns: Float[Tensor, "steps"], costs: Float[Tensor, "steps"]) -> ToGoScale:
        """The scaling of these values; what never varies is left as wide as it is."""
        moments = [(values.mean(), values.std(correction=0)) for values in (returns, costs)]
        return cls(*(x for mean, std in moments for x in (mean, torch.where(std > 0, std, torch.ones_like(std)))))

    def returns(self, values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
        """Returns-to-go as the network sees them."""
        return (values - self.return_mean) / self.return_std

    def costs(self, values: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
        """Costs-to-go as the network sees them."""
        return (values.clamp(min=0) - self.cost_mean) / self.cost_std

    def tensors(self) -> dict[str, Tensor]:
        """The four numbers by name."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class ShiftedWindows(Windows):
    """Windows of episodes that are said to lead to more, or less, than they do.

    Args:
        rows: Columns of all steps, among them ``returns_to_go`` and ``costs_to_go``.
        starts: First step of each episode.
        ends: Step after its last one.
        length: Steps per window.
        shifts: What is added to the returns-to-go and costs-to-go of its steps, in the units of the columns. An episode
            may occur more than once: only shifts are stored.
    """

    def __init__(
        self,
        rows: Rows,
        starts: Int[np.ndarray, "labelled"],
        ends: Int[np.ndarray, "labelled"],
        length: int,
        shifts: Float[Tensor, "labelled 2"],
    ) -> None:
        super().__init__(rows, starts, ends, length)
        self.shifts = shifts.to(rows.device)

    def gather(self, index: Int[Tensor, "seeds batch"]) -> Batch:
        batch = super().gather(index)
        shifts = self.shifts[self.episode(index)][:, :, None]
        return batch | {RETURNS: batch[RETURNS] + shifts[..., :1], COSTS: batch[COSTS] + shifts[..., 1:]}


@dataclass(frozen=True)
class OutcomeWindows:
    """What to train on.

    Attributes:
        windows: Windows of all episodes, as they are and relabelled, with the columns ``returns_to_go``,
            ``costs_to_go``, ``observations``, ``actions``, all scaled, and ``any_cost``.
        lengths: Steps of each of these episodes.
        weights: How often each is drawn.
        scale: Scaling of what is to go.
    """

    windows: ShiftedWindows
    lengths: Int[np.ndarray, "labelled"]
    weights: Float[np.ndarray, "labelled"]
    scale: ToGoScale

    @classmethod
    def of(cls, job: Job, length: int, relabelled_share: float, most_cost: float) -> OutcomeWindows:
        """From the job's dataset, the same for all seeds, which differ in the windows that they draw.

        Args:
            job: Its dataset has costs.
            length: Steps per window.
            relabelled_share: Relabelled episodes per episode.
            most_cost: Episodes are drawn less often the more they cost, never above this; 0 or more.
        """
        dataset = job.dataset
        assert dataset.costs is not None and dataset.episode_costs is not None
        returns = torch.from_numpy(returns_to_go(dataset, 1.0)).float()
        costs = torch.from_numpy(returns_to_go(replace(dataset, rewards=dataset.costs), 1.0)).float()
        scale = ToGoScale.of(returns, costs)
        columns = {
            RETURNS: scale.returns(returns),
            COSTS: scale.costs(costs),
            "observations": job.observations,
            "actions": job.actions,
            "any_cost": torch.from_numpy(dataset.costs > 0),
        }
        labelled = relabelled(dataset, relabelled_share, generator(0, "relabelling"))
        starts, ends = dataset.episode_starts[labelled.episodes], dataset.episode_ends[labelled.episodes]
        shifts = torch.from_numpy(np.stack([labelled.return_shifts, labelled.cost_shifts], axis=1)).float()
        scaled = shifts / torch.stack([scale.return_std, scale.cost_std])
        named_costs = dataset.episode_costs[labelled.episodes] + labelled.cost_shifts
        weights = np.maximum(most_cost + 1 - named_costs, 0.0)
        windows = ShiftedWindows(Rows(columns, job.device), starts, ends, length, scaled)
        return cls(windows, ends - starts, weights, scale)
