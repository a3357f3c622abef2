"""Settings of PG-Kmeans."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from stages.clustering.alternation.starts import Start
from stages.clustering.contract import ClusteringSettings

CLUSTERS_TO_CHOOSE_FROM = 10


class PgKmeansSettings(ClusteringSettings):
    """PG-Kmeans. As published: merge_refit false, centred_iterations 0; the authors' code for gridworlds also has
    log_prob_floor -3, per_step_mean and min_length 4.
    """

    learning_rate: float = Field(1.0e-3, gt=0, description="Adam step size of networks")
    num_clusters: int | None = Field(2, ge=1, description="number of clusters K (k*); null: chosen by a criterion")
    initial_clusters: int | None = Field(
        None, ge=1, description="clusters k before merging down to K; null: K, or 10 where K is to be chosen"
    )
    backend: Literal["auto", "tabular", "neural"] = Field(
        "auto", description="policies as tables or networks; auto: tables for discrete actions and few observations"
    )
    most_pairs: int = Field(20_000, ge=1, description="state-action pairs up to which auto takes tables")
    start: Start = Field("random", description="labels to start from")
    restarts: int = Field(5, ge=1, description="runs of which the one with the best final J is kept, N")
    max_iterations: int = Field(50, ge=1, description="iterations at most")
    empty_clusters: Literal["drop", "reseed"] = Field(
        "drop", description="a cluster without episodes is dropped, or gets the worst explained ones"
    )
    log_prob_floor: float | None = Field(
        None, lt=0, description="log-probabilities of steps below it count as this; null: none; published: -3"
    )
    per_step_mean: bool = Field(
        False, description="let every episode count the same whatever its length, instead of every step"
    )
    min_length: int = Field(0, ge=0, description="shorter episodes take no part, and only get a label in the end")
    stride: int = Field(1, ge=1, description="look at every n-th step of an episode alone, to save time")
    smoothing: float = Field(0.01, gt=0, description="imaginary steps per action in every state of a table")
    merge_refit: bool = Field(
        True, description="fit tables anew to clusters joined; false (published): the joined keep one of the two"
    )
    fit_steps: int = Field(100, ge=1, description="gradient steps of networks per M-step")
    warm_start: bool = Field(True, description="networks go on from the last M-step instead of beginning anew")
    centred_iterations: int = Field(
        3, ge=0, description="first E-steps of networks with centred scores, from random starts; published: 0"
    )
    held_out_steps: int = Field(
        1000, ge=1, description="gradient steps of the policies by which K is chosen, where they are networks"
    )

    @property
    def first_clusters(self) -> int:
        """k, the number of clusters before merging."""
        return self.initial_clusters or self.num_clusters or CLUSTERS_TO_CHOOSE_FROM

    @property
    def centred(self) -> int:
        """E-steps with centred scores: none from a good start, which centring can spoil."""
        return self.centred_iterations if self.start == "random" else 0

    @property
    def reseeds(self) -> bool:
        """Whether empty clusters are filled again."""
        return self.empty_clusters == "reseed"
