"""One cluster after another, each filtered out of the rest from a dense seed set (dataset clustering, DCPL).

The densest group of episodes by time-averaged action (TAAT) is taken to be of one behaviour. Three classifiers learn to
tell its steps from negatives: the same observations with uniform actions, or with actions of any episode that is left
(positive-unlabelled learning). Episodes whose steps two of the three find likely are the new examples, and so on for a
few rounds. What is accepted in the end is a cluster and is taken out; the next one starts from what is left, until
little is. So the number of clusters need not be known.

Objective:  for each classifier f ``- E_positive log f(s, a) - E_negative log (1 - f(s, a'))``, binary cross-entropy.
Threshold:  the last valley of the density of the episodes' mean f.
Source:     Wang et al.: Dataset Clustering for Improved Offline Policy Learning, 2024 (arXiv 2402.09550); details from
            github.com/wq13552463699/Behaviour-aware-clustering-for-offline-policy-learning.
Symbols:    num_clusters = K; null: estimated, as published. The last cluster leaves less than 5 % of the steps.

Deviations:
    The released code takes the standard deviation of actions over time where the paper, and this file, take the mean.
    The densest group: an episode and its three nearest neighbours, where the code draws 200,000 groups of six of 100
    episodes at random, and then the best four of the best six.
    A fixed number of gradient steps per round, not of epochs; the project's network on observation and action side by
    side, not batch-normalised layers for each; `scored_steps` steps of an episode are scored; `max_episodes` random
    episodes find the clusters, and the others are filtered as those were. All of it is there to bound the time.
    Densities are estimated with Gaussian kernels, and without a valley everything is accepted. The code looks for
    valleys of a polynomial of order 8 through a histogram of 100 bins (``threshold: polynomial``); it oscillates, so
    that clusters come in slices, and more so the fewer episodes there are.
    At least four episodes make a seed set, which is 4 % of all.
    What is left over at the end goes to the cluster whose classifiers like it best.
    Discrete actions: frequencies take the place of averages.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from pydantic import Field
from torch import Tensor

from stages.clustering import CLUSTERING
from stages.clustering.contract import Clustering, ClusteringMethod, ClusteringSettings, one_hot
from stages.clustering.filtering.classifiers import episode_scores, filter_rows, spaced_steps
from stages.clustering.filtering.extraction import Extraction, accepted
from stages.datasets.episodes import EpisodeDataset
from stages.seeding import generator


class DcplSettings(ClusteringSettings):
    """DCPL."""

    num_clusters: int | None = Field(None, ge=1, description="number of clusters K at most; null: estimated")
    max_clusters: int = Field(7, ge=1, description="clusters at most where num_clusters is null")
    filter_rounds: int = Field(5, ge=1, description="rounds of training and accepting per cluster")
    filter_steps: int = Field(150, ge=1, description="gradient steps of the classifiers per round")
    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size of the classifiers")
    threshold: Literal["density", "polynomial"] = Field("density", description="where valleys are sought; see above")
    scored_steps: int = Field(32, ge=1, description="steps of an episode that are scored at most, evenly spaced")
    max_episodes: int = Field(2000, ge=2, description="episodes that the clusters are found from, at most")


@CLUSTERING.register("dcpl", DcplSettings)
class Dcpl(ClusteringMethod):
    """DCPL for a block of seeds; a seed that has found its last cluster drops out."""

    settings: DcplSettings

    def fit(self) -> Clustering:
        job, settings = self.job, self.settings
        # The same episodes for all seeds: what is computed from them is computed once.
        order = generator(0, "filtered episodes").permutation(job.dataset.num_episodes)
        dataset = job.dataset.select(np.sort(order[: settings.max_episodes]))
        extraction = Extraction(job, dataset, settings)
        with job.progress("filtering clusters", extraction.most, "cluster") as progress:
            extraction.run(progress)
        self.found = extraction.found
        responsibilities = self.predict(job.dataset)
        behaviours, metrics = self.refitted(responsibilities)
        return Clustering(
            responsibilities=responsibilities,
            behaviours=behaviours,
            normaliser=job.normaliser,
            history_labels=responsibilities.argmax(-1)[None].to(torch.int16),
            score_history=torch.from_numpy(np.stack(extraction.claimed)),
            score_name="share of the steps that clusters have accepted",
            converged=extraction.done.tolist(),
            metrics=metrics,
            details={"accepted_in_round": torch.from_numpy(extraction.labels)},
        )

    def predict(self, dataset: EpisodeDataset) -> Float[Tensor, "seeds episodes clusters"]:
        """The first cluster whose filter accepts an episode, or else the one that likes it best."""
        rows, index = filter_rows(self.job, dataset), spaced_steps(dataset, self.settings.scored_steps)
        shape = len(self.job.seeds), dataset.num_episodes
        labels, best, best_score = np.full(shape, -1), np.zeros(shape, dtype=np.int64), np.full(shape, -1.0)
        for z, filters in enumerate(self.found):
            scores = episode_scores(filters.networks, rows, index)
            for place, votes, threshold in zip(filters.places, scores, filters.thresholds, strict=True):
                labels[place, accepted(votes, threshold) & (labels[place] < 0)] = z
                better = votes.mean(0) > best_score[place]
                best[place, better], best_score[place, better] = z, votes.mean(0)[better]
        num_clusters = self.settings.num_clusters or len(self.found)
        return one_hot(torch.from_numpy(np.where(labels < 0, best, labels)), num_clusters)
