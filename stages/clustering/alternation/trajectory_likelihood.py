"""Log-likelihood of whole episodes under several policies, for all seeds at once."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from stages.datasets.episodes import EpisodeDataset
from stages.networks.heads import head_of
from stages.training.device import chunk_rows
from stages.training.rows import Rows
from stages.training.trainable import Trainable


class TrajectoryLikelihood:
    """Sums ``log beta_z(a_t | s_t)`` over the steps of each episode.

    Args:
        rows: Columns `observations` and `actions`, episodes one after the other.
        dataset: Where the episodes begin and end.
    """

    def __init__(self, rows: Rows, dataset: EpisodeDataset) -> None:
        self.rows, self.head = rows, head_of(dataset)
        device = rows.matrix.device
        self.starts = torch.from_numpy(dataset.episode_starts).to(device)
        self.ends = torch.from_numpy(dataset.episode_ends).to(device)
        self.lengths = (self.ends - self.starts).double()

    @torch.no_grad()
    def __call__(self, policies: Trainable) -> Float[Tensor, "seeds episodes clusters"]:
        """Log-likelihoods in nats, summed in float64 (differences of long episodes' sums matter)."""
        shape = policies.ensemble.num_seeds, policies.ensemble.num_members
        step = chunk_rows(self.rows.matrix.device, policies.ensemble.num_networks)
        log_probs = self.rows.matrix.new_empty(*shape, len(self.rows))
        for start in range(0, len(self.rows), step):
            stop = min(start + step, len(self.rows))
            chunk = self.rows.chunk(start, stop)
            outputs = policies(chunk["observations"].expand(shape[0], -1, -1, -1))
            log_probs[:, :, start:stop] = self.head.log_prob(outputs, chunk["actions"])
        sums = log_probs.new_empty(*shape, len(self.starts), dtype=torch.float64)
        for index in torch.cartesian_prod(*(torch.arange(n) for n in shape)).tolist():
            running = torch.nn.functional.pad(log_probs[tuple(index)].double().cumsum(0), (1, 0))
            sums[tuple(index)] = running[self.ends] - running[self.starts]
        return sums.mT
