from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting import gathering
from stages.reporting.clusterings.results import MOST_LABELLED, Clusterings, read_clusters
from stages.reporting.data.results import Data
from stages.reporting.kit.blocks import evenly
from stages.reporting.returns.results import Returns
from stages.reporting.run.results import Job, Run
from stages.reporting.sections import SOURCES
from tests.reporting.conftest import clusters_file
from tests.synthetic import two_policies


def gather(files):
    return gathering.gather(files, SOURCES)


def test_blocks_are_joined_in_the_order_of_seeds(navigation):
    results = gather(list(reversed(navigation)))["navigation"]
    empo = results.of(Returns).evaluations["empo"]
    np.testing.assert_array_equal(empo.seeds, [0, 1, 2])
    assert empo.returns.shape == (3, 10) and empo.choices.shape == empo.paths.shape[:3]
    em = results.of(Clusterings).clusterings["em"]
    assert em.labels.shape == (3, results.of(Data).dataset.num_episodes) and em.score.shape == (12, 3)


def test_a_file_that_is_named_twice_counts_once(navigation):
    twice = gather([*navigation, *navigation])["navigation"]
    np.testing.assert_array_equal(twice.of(Returns).evaluations["empo"].seeds, [0, 1, 2])
    assert len(twice.of(Run).trained) == len(gather(navigation)["navigation"].of(Run).trained)


def test_shorter_blocks_are_padded(navigation):
    empo = gather(navigation)["navigation"].of(Returns).evaluations["empo"]
    walked = (~np.isnan(empo.paths[..., 0])).sum(axis=2)
    np.testing.assert_array_equal(walked, empo.lengths)
    assert (empo.choices[np.isnan(empo.paths[..., 0])] == -1).all()


def test_datasets_and_agents_keep_their_order(navigation, hopper):
    collection = gather(hopper + navigation)
    assert list(collection) == ["hopper", "navigation"]
    assert list(collection["navigation"].of(Returns).evaluations) == ["bc", "empo_unimproved", "empo"]


def test_run_times_come_from_benchmarks_or_from_the_files(navigation, tmp_path: Path):
    benchmark = tmp_path / "logs/clusters/navigation/em/seeds-0-1.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\n61.5\t0:01:01\n")
    results = gather([*navigation, str(benchmark)])["navigation"]
    assert results.of(Run).jobs == [Job("clusters", ("em",), 2, 61.5, None, None)]
    behaviours = tmp_path / "logs/behaviours/Hopper-v4.tsv"
    behaviours.parent.mkdir()
    behaviours.write_text("s\n61.5\n")
    assert gather([str(behaviours)]) == {}


def test_histories_of_many_episodes_are_thinned(tmp_path: Path):
    dataset = two_policies(episodes=2 * MOST_LABELLED + 2, steps=1)
    file = clusters_file(tmp_path, "many", "em", dataset, [0, 1])
    artifact, clusters = Artifact.load(file), read_clusters(Path(file))
    assert clusters.labels.shape == (2, dataset.num_episodes)
    assert clusters.history_labels.shape == (12, 2, MOST_LABELLED)
    np.testing.assert_array_equal(
        clusters.history_labels, artifact.tensors["history/labels"].numpy()[:, :, clusters.shown_episodes]
    )
    np.testing.assert_array_equal(evenly(3, 10), [0, 1, 2])


def test_diagnoses_tables_and_costs_are_found(clustered):
    collection = gather(clustered)
    results = collection["takeball"]
    found = results.of(Clusterings)
    assert list(found.diagnoses) == ["pg_kmeans", "dec"]
    assert [seed.seed for seed in found.diagnoses["dec"].seeds] == [0, 1, 2]
    assert len(found.comparison) == 2 and len(found.k_sensitivity) == 8
    assert len(collection.shared.of(Clusterings).costs) == 5 and list(collection) == ["takeball"]
    assert (
        results.of(Clusterings).clusterings["pg_kmeans"].estimated
        and not results.of(Clusterings).clusterings["dec"].estimated
    )
    assert found.clusterings["dec"].score_name == "log-likelihood per episode"


def test_broken_diagnostics_are_refused(tmp_path: Path):
    broken = tmp_path / "results/diagnostics/takeball/em/seeds-0-0.json"
    broken.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"clustering": {}}'):
        broken.write_text(text)
        with pytest.raises(UserError, match=r"no diagnostics|is damaged"):
            gather([str(broken)])


def test_bad_files_are_refused(tmp_path: Path):
    broken = tmp_path / "results/evaluation/navigation/empo/seeds-0.npz"
    with pytest.raises(UserError, match="no such file"):
        gather([str(broken)])
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="not an evaluation"):
        gather([str(broken)])
    np.savez(broken, seeds=np.zeros(1))
    with pytest.raises(UserError, match="not an evaluation"):
        gather([str(broken)])
    with pytest.raises(UserError, match="folder does not say"):
        gather([str(tmp_path / "results/elsewhere/thing.npz")])
