"""What every method in the registries promises, whatever it does: checked for those of today and of tomorrow."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import torch

from stages.agents.network import NetworkAgent
from stages.algorithms import ALGORITHMS
from stages.algorithms.contract import OfflineAlgorithm, train_offline
from stages.artifacts import Artifact
from stages.clustering import CLUSTERING
from stages.clustering.alternation.behaviours import Behaviours
from stages.datasets.episodes import EpisodeDataset
from stages.embeddings.imitation import IMITATORS
from stages.embeddings.imitation.contract import Imitator, imitated
from stages.embeddings.split import SplitSettings, training_episodes
from stages.empo import IMPROVEMENT
from stages.empo.critic_settings import CriticSettings
from stages.empo.critics import train_critics
from stages.empo.high_level import train_high_level
from stages.empo.high_level_settings import HighLevelSettings
from stages.empo.improvement import improve
from stages.evaluation.estimate_settings import EstimateSettings
from stages.evaluation.return_estimates import estimate_returns
from stages.networks.ensemble import Ensemble
from stages.registry import Choice
from stages.training.draws import UniformDraws
from stages.training.job import Job
from stages.training.loop import Loop
from stages.training.trainable import Trainable
from tests.embedded import summary_statistics
from tests.smallest import smallest, smallest_choice
from tests.synthetic import two_policies

BLOCK = list(range(10))
REGISTRIES = {
    "clustering": CLUSTERING,
    "algorithms": ALGORITHMS,
    "improvement": IMPROVEMENT,
    "imitation": IMITATORS,
}
METHODS = [(kind, name) for kind, registry in REGISTRIES.items() for name in registry.names()]


@cache
def dataset() -> EpisodeDataset:
    return two_policies(episodes=20, steps=20)


def choice(kind: str, name: str) -> Choice:
    return smallest_choice(REGISTRIES[kind], name)


@cache
def clusters(seeds: tuple[int, ...]) -> Artifact:
    """Clusters of even and odd episodes, shifted by seed, with policies that have learnt nothing."""
    episodes = torch.arange(dataset().num_episodes)
    labels = torch.stack([(episodes % (2 + seed % 3) == 0).long() for seed in seeds])
    weights = torch.nn.functional.one_hot(labels, 2).float()
    job = Job(dataset(), list(seeds))
    networks = Behaviours(job, choice("clustering", "em").settings, 2, weights).networks(job.normaliser)
    tensors = {name: tensor.detach() for name, tensor in networks.tensors().items()}
    return Artifact({"labels": labels, **tensors}, {"seeds": list(seeds), **networks.shapes()})


@cache
def critics(seeds: tuple[int, ...]) -> Artifact:
    made = train_critics(
        Job(dataset(), list(seeds)),
        clusters(seeds).tensors["labels"].numpy(),
        2,
        smallest(CriticSettings, "stages.empo.critics"),
    )
    return Artifact({name: tensor.detach() for name, tensor in made.tensors.items()}, made.metadata)


def cluster_with(name: str, seeds: tuple[int, ...]) -> Artifact:
    chosen, job = choice("clustering", name), Job(dataset(), list(seeds))
    given = [] if chosen.entry.ingredient is None else [summary_statistics(job)]
    return chosen.entry(job, chosen.settings, *given).fit().artifact()


def imitate(name: str, seeds: tuple[int, ...]) -> Artifact:
    """An imitator that is told summary statistics, or nothing."""
    chosen, episodes = choice("imitation", name), dataset().num_episodes
    training = training_episodes(dataset(), SplitSettings())
    job = Job(dataset().select(np.flatnonzero(training)), list(seeds))
    vectors = np.zeros((len(seeds), episodes, 0))
    if chosen.entry.ingredient is not None:
        vectors = summary_statistics(job)(dataset())
    return imitated(chosen.entry(job, chosen.settings, vectors[:, training]), dataset(), training, vectors)


def estimate(seeds: tuple[int, ...]) -> Artifact:
    """Fitted Q evaluation of cloned policies."""
    policies = result("algorithms", "bc", seeds)
    policies.metadata |= {"seeds": list(seeds)}
    return estimate_returns(
        Job(dataset(), list(seeds)),
        NetworkAgent.load(policies),
        [],
        smallest(EstimateSettings, "stages.evaluation.return_estimates"),
    )


RUN: dict[str, Callable[[str, tuple[int, ...]], Artifact]] = {
    "clustering": cluster_with,
    "algorithms": lambda name, seeds: train_offline(Job(dataset(), list(seeds)), choice("algorithms", name)),
    "improvement": lambda name, seeds: improve(
        Job(dataset(), list(seeds)), clusters(seeds), critics(seeds), choice("improvement", name)
    ),
    "imitation": imitate,
    "critics": lambda name, seeds: critics(seeds),
    "high level": lambda name, seeds: train_high_level(
        Job(dataset(), list(seeds)),
        clusters(seeds).tensors["labels"].numpy(),
        2,
        smallest(HighLevelSettings, "stages.empo.high_level"),
    ),
    "fitted q": lambda name, seeds: estimate(seeds),
}
EVERYTHING = [*METHODS, ("critics", ""), ("high level", ""), ("fitted q", "")]


@cache
def result(kind: str, name: str, seeds: tuple[int, ...]) -> Artifact:
    made = RUN[kind](name, seeds)
    return Artifact({key: tensor.detach().clone() for key, tensor in made.tensors.items()}, made.metadata)


def ensembles(kind: str, made: Artifact, num_seeds: int) -> dict[str, Ensemble]:
    """Shape of each network among the tensors, from what the file says about it."""
    metadata, policies = made.metadata, clusters((0,)).metadata
    if kind == "improvement":
        return {"policies/parameters": Ensemble(tuple(policies["behaviour_sizes"]), num_seeds, 2)}
    shapes = {
        "behaviours/parameters": ("behaviour_sizes", metadata.get("num_clusters", 1)),
        "classifier/parameters": ("classifier_sizes", 1),
        "policy/parameters": ("policy_sizes", 1),
        "q/parameters": ("q_sizes", metadata.get("q_networks", 1)),
        "v/parameters": ("v_sizes", 1),
    }
    found = {key: shapes[key] for key in made.tensors if key.endswith("/parameters") and shapes[key][0] in metadata}
    return {key: Ensemble(tuple(metadata[sizes]), num_seeds, members) for key, (sizes, members) in found.items()}


def of_seed(kind: str, made: Artifact, index: int, num_seeds: int) -> dict[str, torch.Tensor]:
    """What belongs to one seed: its networks' weights, and its rows of everything that has a seed axis."""
    networks, alone = ensembles(kind, made, num_seeds), {}
    for key, ensemble in networks.items():
        views = ensemble.views(made.tensors[key])
        alone[key] = torch.cat([view.reshape(num_seeds, -1)[index] for view in views])
    for key in ("labels", "responsibilities", "policy/parameters", "start_values"):
        if key in made.tensors and key not in networks:  # a matrix, with a row per seed
            alone[key] = made.tensors[key][index]
    for key in made.tensors:
        if key.startswith("metrics/") and key.endswith("/values"):
            alone[key] = made.tensors[key][:, index]
    return alone


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_a_seed_is_the_same_alone_and_in_a_block_of_ten(kind, name):
    together, alone = result(kind, name, tuple(BLOCK)), result(kind, name, (6,))
    expected = of_seed(kind, together, 6, len(BLOCK))
    found = of_seed(kind, alone, 0, 1)
    assert any(key.endswith("/parameters") for key in found)
    for key, tensor in expected.items():
        if name == "pg_kmeans" and key == "metrics/policy/values":
            continue  # Losses of a seed that is done are logged as long as those beside it go on.
        torch.testing.assert_close(found[key], tensor, rtol=1e-3, atol=1e-3, msg=lambda text, key=key: f"{key}: {text}")


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_seeds_differ(kind, name):
    made = result(kind, name, tuple(BLOCK))
    first, second = (of_seed(kind, made, index, len(BLOCK)) for index in (0, 1))
    for key in first:
        if key.endswith("/parameters"):
            assert not torch.allclose(first[key], second[key]), key


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_the_same_seeds_give_the_same_bits(kind, name):
    once, again = result(kind, name, (6,)), RUN[kind](name, (6,))
    assert once.tensors.keys() == again.tensors.keys()
    for key, tensor in once.tensors.items():
        assert torch.equal(tensor.nan_to_num(), again.tensors[key].detach().nan_to_num()), key


@pytest.mark.parametrize(("kind", "name"), METHODS)
def test_results_survive_being_saved(kind, name, tmp_path):
    made = result(kind, name, (6,))
    made.save(tmp_path / "made.safetensors")
    loaded = Artifact.load(tmp_path / "made.safetensors")
    assert loaded.tensors.keys() == made.tensors.keys()
    for key, tensor in made.tensors.items():
        assert torch.equal(tensor.nan_to_num(), loaded.tensors[key].nan_to_num()), key
    made.save(tmp_path / "again.safetensors")
    assert (tmp_path / "made.safetensors").read_bytes() == (tmp_path / "again.safetensors").read_bytes()


def assert_every_weight_learns(ensemble: Ensemble, before: torch.Tensor, after: torch.Tensor) -> None:
    """Each weight between living units has moved.

    A hidden unit that no observation switches on has no gradient, and its bias stays as it was. Some weights join
    hidden units that are never on together.
    """
    old, new = ensemble.views(before), ensemble.views(after)
    sources = torch.ones(ensemble.num_networks, ensemble.sizes[0], dtype=torch.bool)
    for level in range(0, len(old), 2):
        alive = (old[level + 1] != new[level + 1])[:, 0]
        assert alive.float().mean() >= (1.0 if level == len(old) - 2 else 0.7)
        joined = sources[:, :, None] & alive[:, None, :]
        moved = (old[level] != new[level])[joined].float().mean()
        between_hidden = 0 < level < len(old) - 2
        assert moved >= (0.85 if between_hidden else 0.99), (
            f"{1 - moved:.0%} of the weights in layer {level // 2} never moved"
        )
        sources = alive


@pytest.mark.parametrize("name", sorted(set(ALGORITHMS.names()) - {"decision_transformer"}))  # not of perceptrons
def test_every_weight_of_an_algorithm_gets_a_gradient(name):
    picked = choice("algorithms", name)
    assert_every_network_learns(picked.entry(Job(dataset(), BLOCK), picked.settings))


def assert_every_network_learns(learner: OfflineAlgorithm | Imitator) -> None:
    """In ten steps on large batches, each weight moves, those of target copies too."""
    networks = [network for network in vars(learner).values() if isinstance(network, Trainable)]
    before = [network.parameters.detach().clone() for network in networks]
    draws = UniformDraws(BLOCK, len(learner.rows), 400, noise=learner.noise)
    Loop(learner, learner.rows, draws).run(10)
    assert networks
    for network, start in zip(networks, before, strict=True):
        assert_every_weight_learns(network.ensemble, start, network.parameters.detach())
        if network.target_parameters is not None:
            assert_every_weight_learns(network.ensemble, start, network.target_parameters)


@pytest.mark.parametrize("name", IMITATORS.names())
def test_every_weight_of_an_imitator_gets_a_gradient(name):
    picked = choice("imitation", name)
    vectors = np.random.default_rng(0).standard_normal((len(BLOCK), dataset().num_episodes, 2))
    learner = picked.entry(Job(dataset(), BLOCK), picked.settings, vectors)
    assert_every_network_learns(learner)


@pytest.mark.parametrize("name", ["em"])  # The others fit the same networks, to clusters that may be empty.
def test_every_weight_of_a_clustering_gets_a_gradient(name):
    made = result("clustering", name, tuple(BLOCK))
    settings = choice("clustering", name).settings
    num_clusters, episodes = made.metadata["num_clusters"], dataset().num_episodes
    weights = torch.full((len(BLOCK), episodes, num_clusters), 1 / num_clusters)
    job = Job(dataset(), BLOCK)
    untrained = Behaviours(job, settings, num_clusters, weights).networks(job.normaliser).tensors()
    for key, ensemble in ensembles("clustering", made, len(BLOCK)).items():
        assert_every_weight_learns(ensemble, untrained[key].detach(), made.tensors[key])


@pytest.mark.parametrize("name", sorted(set(IMPROVEMENT.names()) - {"confirmed"}))  # may leave policies as they were
def test_every_weight_of_an_improvement_gets_a_gradient(name):
    made = result("improvement", name, tuple(BLOCK))
    (ensemble,) = ensembles("improvement", made, len(BLOCK)).values()
    before = clusters(tuple(BLOCK)).tensors["behaviours/parameters"]
    assert_every_weight_learns(ensemble, before, made.tensors["policies/parameters"])


@pytest.mark.parametrize("name", CLUSTERING.names())
def test_clusterings_answer_with_labels_in_range_and_weights_that_sum_to_one(name):
    made = result("clustering", name, (6,))
    labels, weights = made.tensors["labels"], made.tensors["responsibilities"]
    assert labels.shape == (1, dataset().num_episodes)
    assert labels.dtype == torch.int64
    assert labels.min() >= 0
    assert labels.max() < made.metadata["num_clusters"]
    torch.testing.assert_close(weights.sum(-1), torch.ones(1, dataset().num_episodes))
    assert torch.equal(weights.argmax(-1), labels)
    assert made.metadata["kind"] == "clusters"


@pytest.mark.parametrize(("kind", "name"), EVERYTHING)
def test_results_are_finite(kind, name):
    for key, tensor in result(kind, name, (6,)).tensors.items():
        # Padded where there was nothing; no probability of K where it was told.
        if not key.startswith(("history/", "details/merge_", "details/num_clusters_probability")):
            assert tensor.isfinite().all(), key
