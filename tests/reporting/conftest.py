"""Made-up results in the layouts that the stages write, so that the report is tested without training anything."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stages import tabulate
from stages.artifacts import Artifact
from stages.datasets.episodes import EpisodeDataset, concatenate
from stages.formats.native import write_native
from stages.generators.subgoals import SubgoalSettings, generate
from stages.reporting import TABLES
from tests.reporting import made_up_clusterings, made_up_safe

PAPER = SubgoalSettings().behaviours
ROUTES = {  # what made-up agents walk: a list of subgoals and the cluster that acts on each leg
    "best": ([(10, 0), (10, 15), (20, 15), (20, 30)], [1, 1, 1, 0, 0]),
    "through": ([(10, 0), (20, 0), (20, 30)], [1, 0, 0, 0]),
    "behaviour 1": (PAPER["behaviour 1"], [1] * 6),
}
AGENTS = {
    "bc": {"offline": "bc"},
    "empo_unimproved": {"clusters": "em"},
    "empo": {"clusters": "em", "improvement": "ppo"},
}


@pytest.fixture(scope="session")
def navigation(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files of a navigation dataset with two blocks of seeds: seed 1 of the clustering has failed."""
    folder = tmp_path_factory.mktemp("navigation")
    settings = SubgoalSettings(steps_per_behaviour=6_000)
    dataset = replace(generate(settings), attributes={"generator": settings.model_dump_json()})
    files = [dataset_file(folder, "navigation", dataset), bound_file(folder, "navigation")]
    for block in ([0, 1], [2]):
        files.append(clusters_file(folder, "navigation", "em", dataset, block, failed=1))
        files.append(evaluation_file(folder, "navigation", "bc", block, ["behaviour 1"], choices=False))
        files.append(evaluation_file(folder, "navigation", "empo_unimproved", block, ["best"] * 4 + ["through"]))
        files.append(evaluation_file(folder, "navigation", "empo", block, ["best"], noise=0.02))
    return files


@pytest.fixture(scope="session")
def hopper(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files of a dataset without map and without bound; the agent of its evaluation has no clusters."""
    folder = tmp_path_factory.mktemp("hopper")
    parts = [made_up_hopper(returns, seed) for seed, returns in enumerate([1500, 3600])]
    dataset = concatenate(parts, names=("medium", "expert"))
    return [
        dataset_file(folder, "hopper", dataset),
        bound_file(folder, "hopper", value=None),
        clusters_file(folder, "hopper", "em", dataset, [0, 1]),
        mujoco_evaluation_file(folder, "hopper", "empo", [0, 1]),
    ]


@pytest.fixture(scope="session")
def clustered(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files of a gridworld whose clusterings were diagnosed, put into tables, and tried from several k."""
    folder = tmp_path_factory.mktemp("clustered")
    data, dataset = made_up_clusterings.takeball(folder)
    found = []
    for seeds in ([0, 1], [2]):
        found.append(
            made_up_clusterings.clusters_file(
                folder, dataset, "pg_kmeans", seeds, start=6, history=5, num_clusters=None, initial_clusters=6
            )
        )
        found.append(made_up_clusterings.clusters_file(folder, dataset, "dec", seeds, wrong=0.5, num_clusters=4))
    diagnosed = [made_up_clusterings.diagnostics_file(folder, dataset, file) for file in found]
    measured = [made_up_clusterings.benchmark_file(folder, file) for file in found]
    table, by_k = (str(folder / f"results/{name}/takeball.csv") for name in ("clustering", "k_sensitivity"))
    tried = made_up_clusterings.tried_files(folder, dataset, [4, 8])
    tabulate.main([data, *diagnosed, *measured], table, TABLES.choose({"method": "clustering"}))
    tabulate.main([data, *tried], by_k, TABLES.choose({"method": "k_sensitivity"}))
    costs = made_up_clusterings.costs_file(folder)
    return [data, *found, *diagnosed, *measured, table, by_k, costs]


@pytest.fixture(scope="session")
def safe(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Files of safe navigation with agents of two blocks of seeds, 0 and 1: one is safe under every limit."""
    folder = tmp_path_factory.mktemp("safe")
    data, dataset = made_up_safe.navigation_file(folder)
    rollouts = []
    for seeds in ([0], [1]):
        shared = folder, "safe_navigation"
        rollouts += [
            made_up_safe.rollouts_file(*shared, "bc_all", seeds, (0.8, 0.8, 0.8), (3.6, 1.8, 0.9), drawn=True),
            made_up_safe.rollouts_file(*shared, "trac", seeds, (0.4, 0.5, 0.6), (0.9, 0.8, 0.7), drawn=True),
            made_up_safe.rollouts_file(*shared, "cdt", seeds, (0.5, 0.6, 0.7), (1.2, 0.8, 0.7), drawn=True),
        ]
    made = [made_up_safe.partition_file(folder, dataset, by) for by in ("episode", "segment")]
    made.append(made_up_safe.policies_file(folder, "trac", [0, 1]))
    table = str(folder / "results/safe_studies/safe_navigation.csv")
    compared = {"trac": {"sides": "both"}, "cdt": {"sides": "desirable"}, "bc_all": {"sides": "undesirable"}}
    studies = TABLES.choose({"method": "safe_studies", "studies": {"sides": compared}})
    tabulate.main([data, *rollouts], table, studies)
    return [data, *rollouts, *made, table]


def dataset_file(folder: Path, name: str, dataset: EpisodeDataset) -> str:
    path = folder / "data/generated" / f"{name}.hdf5"
    write_native(path, dataset)
    return str(path)


def made_up_hopper(mean_return: float, seed: int, episodes: int = 12, steps: int = 50) -> EpisodeDataset:
    random = np.random.default_rng(seed)
    total = episodes * steps
    last = np.arange(total) % steps == steps - 1
    observations = random.normal(size=(total + 1, 11)).astype(np.float32)
    return EpisodeDataset(
        observations=observations[:-1],
        actions=random.uniform(-1, 1, (total, 3)).astype(np.float32),
        rewards=random.normal(mean_return / steps, 1, total).astype(np.float32),
        terminations=last,
        truncations=np.zeros(total, dtype=bool),
        next_observations=observations[1:],
        environment="Hopper-v4",
    )


def bound_file(folder: Path, dataset: str, value: float | None = -375.0) -> str:
    path = folder / f"results/bound/{dataset}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    bound = {"value": value, "standard_error": 1.2, "lowest": -377.0, "highest": -369.0}
    bound |= {"steps": 376.0, "counts_steps": True, "cell_size": 0.5}
    path.write_text(json.dumps(bound if value else {"value": None, "reason": "observations have 11 dimensions"}))
    return str(path)


def clusters_file(
    folder: Path, dataset: str, name: str, episodes: EpisodeDataset, seeds: list[int], failed: int = -1, **settings: Any
) -> str:
    """Clusters that find the true policies (under swapped numbers for even seeds), but not for seed `failed`."""
    truth = episodes.behaviour_policy
    assert truth is not None
    labels = np.stack([np.zeros_like(truth) if seed == failed else truth ^ (seed % 2 == 0) for seed in seeds])
    epochs = 12
    random = np.random.default_rng(seeds[0])
    history = np.stack(
        [np.where(random.random(labels.shape) < 0.5 * 0.6**epoch, 1 - labels, labels) for epoch in range(epochs)]
    )
    history[:, [seed == failed for seed in seeds]] = 0
    likelihood = 1 + 0.4 * (1 - 0.7 ** np.arange(epochs))[:, None] - 0.2 * np.array([seed == failed for seed in seeds])
    steps = torch.arange(0, 5000, 500)
    tensors = {
        "labels": torch.from_numpy(labels),
        "responsibilities": torch.nn.functional.one_hot(torch.from_numpy(labels), 2).float(),
        "history/labels": torch.from_numpy(history.astype(np.int16)),
        "history/score": torch.from_numpy(likelihood + 0.01 * np.array(seeds)),
        "metrics/policy/steps": steps,
        "metrics/policy/values": (2 * torch.exp(-steps / 2000)[:, None] + 0.1 * torch.tensor(seeds)).float(),
    }
    metadata = {
        "seeds": seeds,
        "num_clusters": 2,
        "settings": {"method": "em", "em_epochs": epochs, **settings},
    }
    path = folder / f"results/clusters/{dataset}/{name}/seeds-{seeds[0]}-{seeds[-1]}.safetensors"
    Artifact(tensors, metadata).save(path)
    return str(path)


def evaluation_file(
    folder: Path,
    dataset: str,
    agent: str,
    seeds: list[int],
    routes: list[str],
    noise: float = 0.1,
    choices: bool = True,
) -> str:
    """Rollouts that walk the given routes in turn, ten per seed."""
    walks = [walk(routes[index % len(routes)], index, noise) for index in range(10 * len(seeds))]
    longest = max(len(path) for path, *_ in walks)
    shape = (len(seeds), 10)
    paths = np.full((len(walks), longest, 2), np.nan, dtype=np.float32)
    chosen = np.full((len(walks), longest), -1, dtype=np.int8)
    for row, (path, legs, _) in enumerate(walks):
        seed = seeds[row // 10]
        paths[row, : len(path)] = path
        chosen[row, : len(path)] = (legs ^ (seed % 2 == 0)) if choices else -1
    return save_evaluation(
        folder, dataset, agent, seeds,
        returns=np.array([total for *_, total in walks]).reshape(shape),
        lengths=np.array([len(path) for path, *_ in walks]).reshape(shape),
        paths=paths.reshape(*shape, longest, 2),
        choices=chosen.reshape(*shape, longest),
        cluster_returns=np.full((len(seeds), 2, 10), -800.0) if choices else np.zeros((len(seeds), 0, 0)),
    )  # fmt: skip


def walk(route: str, seed: int, noise: float) -> tuple[np.ndarray, np.ndarray, float]:
    """One episode along a route: positions, the cluster of each step, return."""
    subgoals, clusters = ROUTES[route]
    episode = generate(SubgoalSettings(behaviours={route: subgoals}, steps_per_behaviour=1, noise=noise, seed=seed))
    targets = np.array([*subgoals, (30, 30)], dtype=np.float32)
    leg, legs = 0, []
    for position in episode.next_observations:
        legs.append(clusters[leg])
        leg = min(leg + (np.linalg.norm(position - targets[leg]) < 0.1), len(targets) - 1)
    return episode.observations, np.array(legs), float(episode.episode_returns[0])


def mujoco_evaluation_file(folder: Path, dataset: str, agent: str, seeds: list[int]) -> str:
    random = np.random.default_rng(0)
    shape = (len(seeds), 5)
    return save_evaluation(
        folder, dataset, agent, seeds,
        returns=random.normal(3000, 200, shape),
        lengths=np.full(shape, 900),
        paths=np.zeros((len(seeds), 0, 0, 2), dtype=np.float32),
        choices=np.zeros((len(seeds), 0, 0), dtype=np.int8),
        cluster_returns=random.normal(2000, 200, (len(seeds), 2, 5)),
    )  # fmt: skip


def save_evaluation(folder: Path, dataset: str, agent: str, seeds: list[int], **arrays: np.ndarray) -> str:
    path = folder / f"results/evaluation/{dataset}/{agent}/seeds-{seeds[0]}-{seeds[-1]}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    terminated = np.ones(arrays["returns"].shape, dtype=bool)
    np.savez(path, seeds=np.array(seeds), terminated=terminated, **arrays)
    return str(path)
