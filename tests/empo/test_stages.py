"""The commands of EMPO refuse files that do not belong together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stages import cluster_trajectories, improve_clusters, train_critics, train_high_level
from stages.clustering import CLUSTERING
from stages.datasets.episodes import EpisodeDataset
from stages.empo import IMPROVEMENT
from stages.empo.critic_settings import CriticSettings
from stages.empo.high_level_settings import HighLevelSettings
from stages.errors import UserError
from stages.formats.native import write_native
from tests.synthetic import two_policies

SMALL = {"hidden_sizes": (4,)}
CRITICS = CriticSettings(q_steps=2, value_epochs=1, **SMALL)
HIGH_LEVEL = HighLevelSettings(num_steps=2, **SMALL)
PPO = IMPROVEMENT.choose({"method": "ppo", "num_epochs": 1})
EM = {"method": "em", "num_clusters": 2, "em_epochs": 1, "bias_epochs": 1, "refit_epochs": 1, "hidden_sizes": [4]}
DATASET = two_policies(8, steps=6)
OTHERS = {
    "episodes": DATASET.select(np.arange(7)),
    "width": replace(DATASET, observations=DATASET.observations[:, :1], next_observations=DATASET.observations[:, :1]),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a dataset, clusters with policies, clusters without, and critics, all of seed 0."""
    folder = tmp_path_factory.mktemp("empo")
    data, clusters = str(folder / "data"), str(folder / "clusters")
    write_native(data, DATASET)
    cluster_trajectories.main(data, clusters, CLUSTERING.choose(EM), [0], "cpu")
    bare = CLUSTERING.choose({"method": "return_kmeans", "num_clusters": 2})
    cluster_trajectories.main(data, str(folder / "bare"), bare, [0], "cpu")
    train_critics.main(data, clusters, str(folder / "critics"), CRITICS, [0], "cpu")
    return folder


def run(stage: str, folder: Path, data: str, clusters: str, critics: str, seeds: list[int]) -> None:
    files, out = [str(folder / data), str(folder / clusters)], str(folder / "out")
    if stage == "train_critics":
        train_critics.main(*files, out, CRITICS, seeds, "cpu")
    elif stage == "train_high_level":
        train_high_level.main(*files, out, HIGH_LEVEL, seeds, "cpu")
    else:
        improve_clusters.main(*files, str(folder / critics), out, PPO, seeds, "cpu")


STAGES = ["train_critics", "train_high_level", "improve_clusters"]


@pytest.mark.parametrize("stage", STAGES)
def test_files_that_belong_together_are_taken(made: Path, stage: str) -> None:
    run(stage, made, "data", "clusters", "critics", [0])
    assert (made / "out").exists()
    (made / "out").unlink()


@pytest.mark.parametrize("seeds", [[1], [0, 1]])
@pytest.mark.parametrize("stage", STAGES)
def test_clusters_of_other_seeds_are_refused(made: Path, stage: str, seeds: list[int]) -> None:
    with pytest.raises(UserError, match=r"has clusters of the seeds \[0\], not .*Cluster with the same --seeds"):
        run(stage, made, "data", "clusters", "critics", seeds)


@pytest.mark.parametrize("stage", STAGES)
def test_clusters_of_other_episodes_are_refused(made: Path, stage: str) -> None:
    write_native(made / "episodes", OTHERS["episodes"])
    with pytest.raises(UserError, match=r"clusters: has clusters of 8 episodes, the dataset has 7\. Give"):
        run(stage, made, "episodes", "clusters", "critics", [0])


def improving(
    folder: Path, dataset: EpisodeDataset = DATASET, clusters: str = "clusters", critics: str = "critics"
) -> None:
    write_native(folder / "other", dataset)
    run("improve_clusters", folder, "other", clusters, critics, [0])


def test_policies_of_other_observations_are_refused(made: Path) -> None:
    with pytest.raises(UserError, match=r"clusters: made for observations of 2 numbers, the dataset's have 1\. Give"):
        improving(made, OTHERS["width"])


def test_clusters_without_policies_are_refused(made: Path) -> None:
    with pytest.raises(UserError, match=r"the clusters have no policies .*some refit_epochs"):
        improving(made, clusters="bare")


def test_files_of_other_kinds_are_refused(made: Path) -> None:
    with pytest.raises(UserError, match="critics: holds critics, not clusters"):
        improving(made, clusters="critics")
    with pytest.raises(UserError, match="clusters: holds clusters, not critics"):
        improving(made, critics="clusters")


def test_critics_of_other_clusters_are_refused(made: Path) -> None:
    more = CLUSTERING.choose(EM | {"num_clusters": 3})
    cluster_trajectories.main(str(made / "data"), str(made / "three"), more, [0], "cpu")
    with pytest.raises(UserError, match=r"critics: of other seeds or clusters\. Train them for these"):
        improving(made, clusters="three")
