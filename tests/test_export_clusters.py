import json
from dataclasses import replace

import numpy as np
import pytest

from stages.datasets.episodes import PER_STEP
from stages.datasets.recordings import recording_of_episode
from stages.errors import UserError
from stages.export_clusters import ExportSettings, main
from stages.formats.loading import load
from stages.formats.native import write_native
from tests.evaluation.clusterings import save_clusters
from tests.evaluation.walks import random_walks
from tests.synthetic import ragged

LABELS = np.array([[0, 3, 0, 3, 3, 1, 1, 0, 0], [2, 2, 2, 2, 2, 2, 2, 2, 2]])


def exported(folder, dataset, certainty=None, **settings):
    write_native(folder / "data.hdf5", dataset)
    clusters = save_clusters(folder / "clusters.safetensors", LABELS, 4, certainty)
    main(str(folder / "data.hdf5"), clusters, str(folder / "out/manifest.json"), ExportSettings(**settings))
    return json.loads((folder / "out/manifest.json").read_text())


def assert_equal(found, expected):
    for name in PER_STEP:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)


@pytest.mark.parametrize(
    "dataset", [ragged(), random_walks([[0, 1], [1, 0]], episodes=9)], ids=["continuous", "discrete"]
)
def test_files_load_again_and_their_episodes_add_up(tmp_path, dataset):
    dataset = replace(dataset, environment="somewhere", attributes={"generator": "g", "oracle_ceiling": "{}"})
    manifest = exported(tmp_path, dataset)
    names = ["cluster-0.hdf5", "cluster-1.hdf5", "cluster-3.hdf5"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [*names, "manifest.json"]
    assert list(manifest["files"]) == names
    assert sum(file["episodes"] for file in manifest["files"].values()) == 9
    numbers = [file["episode_numbers"] for file in manifest["files"].values()]
    assert numbers == [np.flatnonzero(LABELS[0] == cluster).tolist() for cluster in (0, 1, 3)]
    assert sum(file["steps"] for file in manifest["files"].values()) == dataset.num_steps
    for name, cluster in zip(names, (0, 1, 3), strict=True):
        part = load(tmp_path / "out" / name)
        expected = dataset.select(np.flatnonzero(LABELS[0] == cluster))
        assert_equal(part, expected)
        assert (part.environment, part.num_actions) == ("somewhere", dataset.num_actions)
        np.testing.assert_array_equal(part.behaviour_policy, expected.behaviour_policy)
        assert part.attributes["generator"] == "g" and "oracle_ceiling" not in part.attributes
        assert json.loads(part.attributes["clustering"]) == {
            "method": "em", "num_clusters": 4, "seed": 5, "cluster": cluster
        }  # fmt: skip
        assert manifest["files"][name]["mean_return"] == pytest.approx(expected.episode_returns.mean())


def test_it_says_how_sure_the_clusters_are(tmp_path, capsys):
    dataset = replace(ragged(), attributes={"recordings": "[4, 5]"})
    certainty = [{"probability": {"2": 0.9}, "verdicts": ["drifting"]}, {}]
    manifest = exported(tmp_path, dataset, certainty=certainty)
    assert manifest["certainty"] == certainty[0] and "drifting" in capsys.readouterr().out.splitlines()
    assert [len(file["ambiguity"]) for file in manifest["files"].values()] == [4, 2, 3]
    assert manifest["files"]["cluster-0.hdf5"]["ambiguity"] == [0.0] * 4
    recorded = load(tmp_path / "out/cluster-3.hdf5")
    assert recording_of_episode(recorded).tolist() == [0, 0, 1]


def test_empty_clusters_are_skipped_with_a_word(tmp_path, capsys):
    assert exported(tmp_path, ragged())["empty_clusters"] == [2]
    assert "cluster 2 has no episodes and is left out" in capsys.readouterr().out


def test_labels_take_the_place_of_the_true_policies(tmp_path):
    dataset = random_walks([[0, 1], [1, 0]], episodes=9)
    manifest = exported(tmp_path, dataset, form="labels")
    assert list(manifest["files"]) == ["labelled.hdf5"]
    found = load(tmp_path / "out/labelled.hdf5")
    assert_equal(found, dataset)
    np.testing.assert_array_equal(found.behaviour_policy, LABELS[0])
    assert found.behaviour_policy_names == ("cluster 0", "cluster 1", "cluster 2", "cluster 3")


def test_another_seed_replaces_what_an_earlier_export_left_and_nothing_else(tmp_path):
    exported(tmp_path, ragged())
    (tmp_path / "out/cluster-9.hdf5").write_text("not ours")
    manifest = exported(tmp_path, ragged(), seed=6)
    assert manifest["seed"] == 6
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "cluster-2.hdf5", "cluster-9.hdf5", "manifest.json"
    ]  # fmt: skip


def test_a_seed_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"clusters\.safetensors: has no seed 1\. It has 5, 6"):
        exported(tmp_path, ragged(), seed=1)
    assert not (tmp_path / "out").exists()


def test_a_dataset_of_other_episodes_is_refused(tmp_path):
    with pytest.raises(UserError, match="has clusters of 9 episodes, the dataset has 7"):
        exported(tmp_path, ragged(episodes=7))


def test_an_export_does_not_write_over_what_it_reads(tmp_path):
    write_native(tmp_path / "cluster-0.hdf5", ragged())
    before = (tmp_path / "cluster-0.hdf5").read_bytes()
    clusters = save_clusters(tmp_path / "clusters.safetensors", LABELS, 4)
    with pytest.raises(UserError, match=r"cluster-0\.hdf5 would be an input as well"):
        main(str(tmp_path / "cluster-0.hdf5"), clusters, str(tmp_path / "manifest.json"), ExportSettings())
    assert (tmp_path / "cluster-0.hdf5").read_bytes() == before
