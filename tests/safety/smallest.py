"""Every safe method trained in the smallest way, for two seeds and limits."""

from functools import cache

from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.safety import SAFETY
from stages.safety.contract import train_safe
from stages.safety.segments.partition import partition
from stages.safety.segments.settings import PartitionSettings
from stages.training.job import Job
from tests.safety.two_speeds import two_speeds
from tests.smallest import smallest_choice

LIMITS = (2.0, 6.0)


def labelled(seeds):
    settings = PartitionSettings(cost_limits=LIMITS, segment_length=3, labels_by="episode")
    return partition(two_speeds(), settings).artifact()


def clustered(seeds):
    settings = {"method": "summary_kmeans", "num_clusters": 2, "refit_epochs": 1, "hidden_sizes": [16]}
    choice = CLUSTERING.choose(settings)
    return choice.entry(Job(two_speeds(), seeds), choice.settings).fit().artifact(seeds=seeds)


GIVEN = {"partition": labelled, "clusters": clustered}


@cache
def trained(name: str, seeds: tuple[int, ...]) -> Artifact:
    """Policies of the method for a block of seeds."""
    ingredient = SAFETY.entry(name).ingredient
    given = GIVEN[ingredient.kind](list(seeds)) if ingredient else None
    return train_safe(Job(two_speeds(), list(seeds)), smallest_choice(SAFETY, name, cost_limits=LIMITS), given)
