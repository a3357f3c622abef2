"""Every safe method trained in the smallest way, for two seeds and limits."""

from functools import cache

from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.registry import Choice
from stages.safety import SAFETY
from stages.safety.contract import train_safe
from stages.safety.segments.partition import PartitionSettings, partition
from stages.training.job import Job
from tests.safety.two_speeds import two_speeds

LIMITS = (2.0, 6.0)
# Small sizes for any method that has such a setting.
SMALL = {
    "cost_limits": LIMITS, "hidden_sizes": (16, 16), "num_steps": 20, "batch_size": 16, "learning_rate": 1e-3,
    "pretraining_steps": 10, "pretraining_batch_size": 16, "warm_up_steps": 5, "context_length": 4, "context": 4,
    "width": 16, "num_layers": 1, "num_heads": 2, "vae_steps": 10, "vae_hidden_sizes": (16, 16),
    "policy_steps": 10,
}  # fmt: skip


def labelled(seeds):
    settings = PartitionSettings(cost_limits=LIMITS, segment_length=3, labels_by="episode")
    return partition(two_speeds(), settings).artifact()


def clustered(seeds):
    settings = {"method": "summary_kmeans", "num_clusters": 2, "refit_epochs": 1, "hidden_sizes": [16]}
    choice = CLUSTERING.choose(settings)
    return choice.entry(Job(two_speeds(), seeds), choice.settings).fit().artifact(seeds=seeds)


GIVEN = {"partition": labelled, "clusters": clustered}


def choice(name):
    settings = SAFETY.settings(name)
    values = {key: value for key, value in SMALL.items() if key in settings.model_fields}
    return Choice(name, SAFETY.entry(name), settings(**values))


@cache
def trained(name: str, seeds: tuple[int, ...]) -> Artifact:
    """Policies of the method for a block of seeds."""
    ingredient = SAFETY.entry(name).ingredient
    given = GIVEN[ingredient.kind](list(seeds)) if ingredient else None
    return train_safe(Job(two_speeds(), list(seeds)), choice(name), given)
