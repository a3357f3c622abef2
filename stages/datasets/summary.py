"""A dataset in a few lines, for the end of a stage's log."""

from __future__ import annotations

import numpy as np

from stages.datasets.episodes import EpisodeDataset


def summary(dataset: EpisodeDataset) -> str:
    """Episodes, steps, mean length, mean return and mean cost, of the whole and of each true policy."""
    choices = dataset.num_actions
    actions = f"{choices} actions to choose from" if choices else f"actions of {dataset.actions.shape[1]} numbers"
    size = f"observations of {dataset.observations.shape[1]}, {actions}"
    everything = np.arange(dataset.num_episodes)
    lines = [f"{dataset.environment or 'no environment'}: {size}", _line("all", dataset, everything)]
    if dataset.behaviour_policy is not None:
        for index, name in enumerate(dataset.behaviour_policy_names):
            lines.append(_line(name, dataset, np.flatnonzero(dataset.behaviour_policy == index)))
    return "\n".join(lines)


def _line(name: str, dataset: EpisodeDataset, episodes: np.ndarray) -> str:
    if not len(episodes):
        return f"  {name}: no episodes"
    lengths, returns = dataset.episode_lengths[episodes], dataset.episode_returns[episodes]
    terminated = dataset.terminations[dataset.episode_ends[episodes] - 1]
    line = (
        f"  {name}: {len(episodes):,} episodes, {lengths.sum():,} steps; mean length {lengths.mean():.1f}, "
        f"mean return {returns.mean():.1f} (sd {returns.std():.1f}), {terminated.mean():.0%} terminated"
    )
    if dataset.costs is None:
        return line
    costs = np.add.reduceat(dataset.costs.astype(np.float64), dataset.episode_starts)[episodes]
    return f"{line}, mean cost {costs.mean():.1f} (largest {costs.max():.1f})"
