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

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from stages.clustering.conjugate.judgement import standard_score
from stages.clustering.conjugate.scaled_steps import varying
from stages.datasets.episodes import EpisodeDataset

MOST_STEPS = 20_000  # that neighbours are looked for among; of more every so-manieth
MOST_ASKED = 200  # steps of an episode whose neighbours are looked for
FEWEST_COUNTED = 5  # steps of an episode that has a say


Nearest = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


class Neighbours:
    """Steps of a dataset in units of standard deviations: observations, actions and the episode of each."""

    def __init__(self, dataset: EpisodeDataset) -> None:
        rows = np.arange(0, dataset.num_steps, -(-dataset.num_steps // MOST_STEPS))
        self.observations = _scaled(dataset.observations[rows])
        self.actions = _scaled(dataset.actions.reshape(dataset.num_steps, -1)[rows])
        self.episode = dataset.episode_of_step[rows]

    def among(self, rows: Int[np.ndarray, "rows"]) -> Nearest:
        """For rows asked about: the distance of the nearest of `rows`, and the squared error of its action."""
        from scipy.spatial import cKDTree  # loaded here: planning has no use for it

        tree = cKDTree(self.observations[rows])

        def nearest(
            asked: Int[np.ndarray, "asked"],
        ) -> tuple[Float[np.ndarray, "asked"], Float[np.ndarray, "asked"]]:
            distance, place = tree.query(self.observations[asked])
            return distance, np.square(self.actions[rows[place]] - self.actions[asked]).sum(1)

        return nearest


def tells(dataset: EpisodeDataset, labels: Int[np.ndarray, "episodes"], given: Int[np.ndarray, "episodes"]) -> float:
    """Standard errors by which `labels` tell actions, given other clusters; 0 where no episode has a say.

    Args:
        dataset: Episodes with continuous actions.
        labels: Their clusters.
        given: Their clusters by another partition.
    """
    steps, gains = Neighbours(dataset), []
    alike = labels * (given.max() + 1) + given
    for cell in np.unique(alike):
        members = np.flatnonzero(alike == cell)
        others = (given == given[members[0]]) & (labels != labels[members[0]])
        if len(members) > 1 and others.any():
            elsewhere = steps.among(np.flatnonzero(others[steps.episode]))
            within = np.flatnonzero((alike == cell)[steps.episode])
            gains += [
                gain for episode in members.tolist() if (gain := _gain(steps, within, elsewhere, episode)) is not None
            ]
    return standard_score(np.array(gains)) if gains else 0.0


def _gain(steps: Neighbours, within: Int[np.ndarray, "within"], elsewhere: Nearest, episode: int) -> float | None:
    """How much more often the own cluster foretells an episode's actions; None where too few steps count.

    Args:
        steps: All steps.
        within: Rows of the cluster.
        elsewhere: Nearest neighbours in other clusters.
        episode: One of the cluster.
    """
    asked = within[steps.episode[within] == episode]
    asked = asked[:: -(-len(asked) // MOST_ASKED)]
    same_distance, same_error = steps.among(within[steps.episode[within] != episode])(asked)
    distance, error = elsewhere(asked)
    counted = distance <= same_distance
    if counted.sum() < FEWEST_COUNTED:
        return None
    return float(np.sign(error - same_error)[counted].mean())


def _scaled(values: Float[np.ndarray, "rows width"]) -> Float[np.ndarray, "rows kept"]:
    """Columns that vary, with mean 0 and standard deviation 1."""
    kept = values[:, varying(values)].astype(np.float64)
    return (kept - kept.mean(0)) / kept.std(0)
