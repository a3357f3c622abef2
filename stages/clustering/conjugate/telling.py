"""What do clusters tell of actions beyond what other clusters tell? Asked of neighbours, without any model of policies.

An episode's steps are compared with the nearest step of another episode of its cluster, and with the nearest of
other clusters; both are of one cluster of the second partition. Counted are steps whose neighbour in another cluster is
as near or nearer. If one policy made both, the nearer neighbour foretells the action better, or as well; so a cluster
that resembles a step more, though it is further away, is another policy. Clusters that are nothing but regions of one
policy never win by being near.

    share of the counted steps at which the own cluster foretells better, less the share at which the others do

is an episode's, and the signed ranks of the episodes' shares over their standard error are the answer.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from stages.clustering.conjugate.judgement import standard_score
from stages.clustering.conjugate.scaled_steps import varying
from stages.datasets.episodes import EpisodeDataset

MOST_STEPS = 20_000  # that neighbours are looked for among; of more every so-manieth
MOST_ASKED = 200  # steps of an episode whose neighbours are looked for
FEWEST_COUNTED = 5  # steps of an episode that has a say


class Neighbours:
    """Steps of a dataset in units of standard deviations: observations, actions and the episode of each."""

    def __init__(self, dataset: EpisodeDataset) -> None:
        rows = np.arange(0, dataset.num_steps, -(-dataset.num_steps // MOST_STEPS))
        self.observations = _scaled(dataset.observations[rows])
        self.actions = _scaled(dataset.actions.reshape(dataset.num_steps, -1)[rows])
        self.episode = dataset.episode_of_step[rows]

    def nearest(
        self, asked: Int[np.ndarray, "asked"], among: Int[np.ndarray, "rows"]
    ) -> tuple[Float[np.ndarray, "asked"], Float[np.ndarray, "asked"]]:
        """Distance of the nearest row, and the squared error of its action."""
        from scipy.spatial import cKDTree  # loaded here: planning has no use for it

        distance, place = cKDTree(self.observations[among]).query(self.observations[asked])
        return distance, np.square(self.actions[among[place]] - self.actions[asked]).sum(1)


def tells(dataset: EpisodeDataset, labels: Int[np.ndarray, "episodes"], given: Int[np.ndarray, "episodes"]) -> float:
    """Standard errors by which `labels` tell actions, given other clusters; 0 where no episode has a say.

    Args:
        dataset: Episodes with continuous actions.
        labels: Their clusters.
        given: Their clusters by another partition.
    """
    steps, gains = Neighbours(dataset), []
    alike = labels * (given.max() + 1) + given
    for episode in range(dataset.num_episodes):
        same = alike == alike[episode]
        same[episode] = False
        others = (given == given[episode]) & (labels != labels[episode])
        if same.any() and others.any():
            gain = _gain(steps, *(np.flatnonzero(of[steps.episode]) for of in (same, others)), episode)
            gains += [] if gain is None else [gain]
    return standard_score(np.array(gains)) if gains else 0.0


def _gain(
    steps: Neighbours, same: Int[np.ndarray, "same"], others: Int[np.ndarray, "others"], episode: int
) -> float | None:
    """How much more often the own cluster foretells an episode's actions; None where too few steps count."""
    asked = np.flatnonzero(steps.episode == episode)
    asked = asked[:: -(-len(asked) // MOST_ASKED)]
    same_distance, same_error = steps.nearest(asked, same)
    distance, error = steps.nearest(asked, others)
    counted = distance <= same_distance
    if counted.sum() < FEWEST_COUNTED:
        return None
    return float(np.sign(error - same_error)[counted].mean())


def _scaled(values: Float[np.ndarray, "rows width"]) -> Float[np.ndarray, "rows kept"]:
    """Columns that vary, with mean 0 and standard deviation 1."""
    kept = values[:, varying(values)].astype(np.float64)
    return (kept - kept.mean(0)) / kept.std(0)
