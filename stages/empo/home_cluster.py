"""A high-level policy for small data: the best cluster everywhere, left only where another is clearly better.

Implicit Q-learning compares what a few steps of another cluster are worth, which is less than what its networks err by
when episodes are few: the choice at a state is then chance. Here the clusters are compared by the values of following
them from there on, and by several networks that each leave a part of the episodes out, so that it is known how far
they can be trusted; see `stages.agents.home` for the choice.

Objective: ``[V_z(s) - R(s)]^2``, z the cluster of the episode (EMPO, Eq. 12); home is the cluster whose episodes have
           the largest mean return.
Source:    the project's own; comparing policies by their values is generalised policy improvement (Barreto et al.:
           Successor Features for Transfer in Reinforcement Learning, NeurIPS 2017).
Limit:     what several switches could reach together is not seen: for that, implicit Q-learning and more data.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Int
from scipy.special import stdtrit  # quantiles of t, in a tenth of the second that scipy.stats takes to load
from torch import Tensor

from stages.artifacts import Artifact
from stages.datasets.transitions import returns_to_go, unit_of
from stages.empo.critic_settings import CriticSettings
from stages.empo.critics import ReturnV
from stages.empo.high_level_settings import HomeSettings
from stages.errors import UserError
from stages.networks.ensemble import Ensemble
from stages.training.draws import EpochDraws
from stages.training.episode_table import EpisodeTable
from stages.training.job import Job


def train_home(
    job: Job,
    labels: Int[np.ndarray, "seeds episodes"],
    num_clusters: int,
    home: HomeSettings,
    settings: CriticSettings,
) -> Artifact:
    """Train the values of all clusters; networks, home and what a gain must exceed as a file's contents.

    Args:
        job: Dataset, seeds, device.
        labels: The cluster of each episode.
        num_clusters: K.
        home: Folds and confidence.
        settings: Of the value networks: sizes, epochs, step size, discount.

    Raises:
        UserError: There are fewer episodes than folds.
    """
    episodes = job.dataset.num_episodes
    if episodes < home.folds:
        raise UserError(
            f"{episodes} episodes are no {home.folds} parts", place="home.folds", remedy="Lower it, or set home: null"
        )
    scale = unit_of(returns_to_go(job.dataset, settings.discount))
    fold = np.arange(episodes) % home.folds
    fits = [
        values_of(job.part(np.flatnonzero(fold != f)), labels[:, fold != f], num_clusters, settings, scale)
        for f in range(home.folds)
    ]
    single = fits[0].v.ensemble
    parameters = side_by_side(single, [fit.v.parameters.detach() for fit in fits])
    tensors = {
        "q/parameters": parameters,
        "scale": torch.tensor(scale),
        "home": torch.from_numpy(best_cluster(job.dataset.episode_returns, labels, num_clusters)),
    }
    facts = {"q_sizes": single.sizes, "folds": home.folds}
    errors = float(stdtrit(home.folds - 1, home.confidence))
    return Artifact(tensors, {"kind": "high_level", **facts, "standard_errors": errors})


def values_of(
    part: Job, labels: Int[np.ndarray, "seeds episodes"], num_clusters: int, settings: CriticSettings, scale: float
) -> ReturnV:
    """V of all clusters, of some of the episodes."""
    assignment = EpisodeTable.one_hot(torch.from_numpy(labels), num_clusters, part.device)
    learner = ReturnV(part, assignment, settings, returns_to_go(part.dataset, settings.discount) / scale)
    draws = EpochDraws(part.seeds, len(learner.rows), settings.batch_size)
    part.train("values of clusters", learner, learner.rows, draws, settings.value_epochs * draws.steps_per_epoch)
    return learner


def best_cluster(
    returns: np.ndarray, labels: Int[np.ndarray, "seeds episodes"], num_clusters: int
) -> Int[np.ndarray, "seeds"]:
    """The cluster whose episodes have the largest mean return, by seed; never one without episodes."""
    members = labels[:, None] == np.arange(num_clusters)[:, None]
    number = members.sum(-1)
    mean = (members * returns).sum(-1) / np.maximum(number, 1)
    return np.where(number > 0, mean, -np.inf).argmax(-1)


def side_by_side(single: Ensemble, fits: list[Tensor]) -> Tensor:
    """Parameters of ensembles of a network per seed, as those of one with a member for each of them."""
    blocks = zip(*(single.views(flat) for flat in fits), strict=True)
    return torch.cat([torch.stack(views, dim=1).flatten() for views in blocks])
