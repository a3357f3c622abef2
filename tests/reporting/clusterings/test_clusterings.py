"""Tables of clusterings, and what the page says of them."""

import csv
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

from stages import tabulate
from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting import TABLES
from stages.reporting.clusterings.comparison import findings_table, rows_of, scores_table
from stages.reporting.clusterings.costs import costs_picture
from stages.reporting.clusterings.diagnoses import DatasetFacts, Diagnosis, SeedFindings, Sureness
from stages.reporting.clusterings.k_rows import k_rows
from stages.reporting.clusterings.k_sensitivity import k_picture, k_table
from stages.reporting.clusterings.metrics import clustering_metrics
from stages.reporting.clusterings.num_clusters import criterion_picture, num_clusters_table
from stages.reporting.clusterings.progress import agreement, progress_pictures
from stages.reporting.clusterings.remarks import matrices, remarks, sureness
from stages.reporting.clusterings.results import Clusterings
from stages.reporting.clusterings.rows import clustering_rows, usual
from stages.reporting.gathering import Collection, DatasetResults, gather
from stages.reporting.page import ReportSettings, build
from stages.reporting.sections import SOURCES
from tests.reporting.made_up_clusterings import POLICIES, clusters_file, takeball
from tests.reporting.test_page import Checker


@pytest.fixture(scope="module")
def collection(clustered):
    return gather(clustered, SOURCES)


@pytest.fixture(scope="module")
def results(collection):
    return collection["takeball"]


def test_a_row_per_clustering_with_everything_known(results):
    best, dec = clustering_rows(results)
    assert best.seeds == 3 and best.nmi_mean == best.nmi_min == best.good == 1.0
    assert (best.clusters, best.clusters_low, best.clusters_high) == (POLICIES, POLICIES, POLICIES)
    assert best.published_nmi == 0.995 and "best of 5" in best.published_what
    assert best.good_from == pytest.approx(0.99 * best.ceiling_nmi)
    assert best.within_conflict == pytest.approx(0.02) and best.behavioural_kl == pytest.approx(0.05)
    assert best.cpu_seconds == pytest.approx(120 / 3) and best.max_rss_mb == 420
    assert dec.good == 0 and dec.agreement < 0.9


def test_within_conflict_weighs_clusters_by_their_pairs():
    seed = SeedFindings(0, [3, 2, 1], conflict=[[0.4, 1.0, 1.0], [1.0, 0.0, 1.0], [1.0, 1.0, None]])
    assert seed.within_conflict == pytest.approx(0.4 * 3 / 4)
    assert np.isnan(SeedFindings(0, [3]).within_conflict)


def test_divergence_is_that_of_matched_pairs():
    confusion, divergence = [[0.0, 9.0], [8.0, 1.0]], [[5.0, 0.2], [0.4, 5.0]]
    seed = SeedFindings(0, [9, 9], confusion=confusion, behavioural_kl=divergence)
    assert seed.matched_divergence == pytest.approx(0.3)
    assert np.isnan(SeedFindings(0, [9, 9]).matched_divergence)
    more = [[0.0, 9.0], [8.0, 1.0], [1.0, 1.0]], [[5.0, 0.2], [0.4, None], [None, None]]
    extra = SeedFindings(0, [9, 9, 2], confusion=more[0], behavioural_kl=more[1])
    assert extra.matched_divergence == pytest.approx(0.3)


def test_what_is_not_known_is_left_out(results):
    unknown = Diagnosis("em", DatasetFacts(), [SeedFindings(0, [5, 0])], None)
    bare = DatasetResults("bare", {Clusterings: Clusterings(diagnoses={"em": unknown})})
    (row,) = clustering_rows(bare)
    filled = {key for key, value in asdict(row).items() if value is not None}
    assert filled == {"clustering", "method", "seeds", "good_from", "clusters", "clusters_low", "clusters_high"}
    assert row.clusters == 1 and row.good_from == 0.95


def test_the_most_frequent_number():
    assert usual([5, 4, 5]) == 5 and usual([5, 4]) == 4


def test_the_table_ranks_clusterings_beside_published_ones_and_the_ceiling(results):
    rows = rows_of(results, clustering_metrics(results))
    table = scores_table(results, rows)
    assert [row[0] for row in table.rows] == ["PG-Kmeans", "DEC", "true policies themselves"]
    assert table.emphasised == {0} and table.rows[0][-1].startswith("NMI 0.995")
    assert "CPU seconds per seed" in findings_table(rows).headings


def test_without_a_table_on_disk_the_labels_tell(results):
    bare = changed(results, comparison=[], diagnoses={})
    rows = rows_of(bare, clustering_metrics(bare))
    assert [row.clustering for row in rows] == ["pg_kmeans", "dec"]
    assert scores_table(bare, rows).rows[0][1].startswith("1.000")
    assert findings_table(rows).headings == ["clustering", "agreement of seeds (ARI)"]


def test_the_number_of_clusters_is_told_for_methods_that_estimate_it(collection):
    table = num_clusters_table(collection)
    assert table.headings == ["dataset", "true", "from conflicts", "PG-Kmeans"]
    assert table.rows == [["takeball", "4", "3 to 5", "4"]] and table.emphasised == {0}


def test_seeds_that_differ_are_told(collection):
    results = collection["takeball"]
    clusters = results.of(Clusterings).clusterings["pg_kmeans"]
    labels = clusters.labels.copy()
    labels[1][labels[1] == 0] = 1
    differing = changed(results, clusterings={"pg_kmeans": replace(clusters, labels=labels)})
    (row,) = num_clusters_table(Collection(takeball=differing)).rows
    assert row[-1] == "4 (2 of 3 seeds; else 3)"


def test_no_table_where_every_method_was_told(collection):
    results = collection["takeball"]
    given = {"dec": results.of(Clusterings).clusterings["dec"]}
    assert num_clusters_table(Collection(takeball=changed(results, clusterings=given))) is None


def test_pictures_are_drawn_of_what_is_there(results, collection):
    assert "PG-Kmeans; true number 4" in criterion_picture(results).alt
    drawn = matrices("takeball", "dec", results.of(Clusterings).diagnoses["dec"])
    assert "true conflicts" in drawn.alt and matrices("takeball", "em", None) is None
    assert "seconds against clusters K for 1 methods" in costs_picture(collection.shared.of(Clusterings).costs).alt
    assert [name for name, _ in progress_pictures(results)] == ["pg_kmeans", "dec"]


def test_progress_ends_with_the_final_clusters(results):
    clusters = results.of(Clusterings).clusterings["pg_kmeans"]
    poor = np.zeros_like(clusters.history_labels)
    poor[3:, 0] = -1
    curves = agreement(results, replace(clusters, history_labels=poor))
    assert curves.shape == (6, 3) and curves[3, 0] == curves[5, 1] == 1.0
    assert np.isnan(curves[4:, 0]).all() and (curves[:3] < 0.3).all()


def test_remarks_count_the_seeds_that_a_warning_holds_for(results):
    lines = remarks(results.of(Clusterings).diagnoses)
    assert lines[0].startswith("Two episodes conflict if they meet the same state")
    assert lines[1] == "“PG-Kmeans”: two clusters hold the same policy (the like on 1 of 3 seeds)."


def test_how_sure_clusters_are_stands_in_table_and_sentences(results):
    diagnosis = results.of(Clusterings).diagnoses["dec"]
    sure = Sureness({3: 0.02, POLICIES: 0.98}, drift=0.004, verdicts=["drifting (p = 0.004)"])
    seeds = [replace(seed, certainty=sure, ambiguity=0.01) for seed in diagnosis.seeds]
    diagnoses = {"dec": replace(diagnosis, seeds=seeds)}
    (row,) = clustering_rows(changed(results, diagnoses=diagnoses))
    assert (row.k_probability, row.drift, row.ambiguity) == pytest.approx((0.98, 0.004, 0.01))
    assert {"probability of K", "drift (p)", "ambiguity"} <= set(findings_table([row]).headings)
    assert "drifting (p = 0.004) (the like on 3 of 3 seeds)" in remarks(diagnoses)[1]
    assert sureness(diagnoses["dec"]) == [
        f"probability of the number of clusters: 3: 0.020, {POLICIES}: 0.980", "drifting (p = 0.004)"
    ]  # fmt: skip


def test_warnings_that_differ_in_numbers_alone_are_one(results):
    diagnosis = results.of(Clusterings).diagnoses["dec"]
    seeds = [
        replace(seed, warnings=[f"clusters 0 and {seed.seed} are close (0.0{seed.seed} nats)"])
        for seed in diagnosis.seeds
    ]
    lines = remarks({"dec": replace(diagnosis, seeds=seeds)})
    assert lines[1] == "“DEC”: clusters 0 and 0 are close (0.00 nats) (the like on 3 of 3 seeds)."


def test_sensitivity_to_k(results):
    rows = {(row.series, row.k): row for row in results.of(Clusterings).k_sensitivity}
    assert list(dict.fromkeys(series for series, _ in rows)) == ["best", "single", "unmerged", "dec"]
    assert rows["single", 8].runs == 10 and rows["best", 8].runs == 2
    assert rows["best", 4].seconds == pytest.approx(20) and rows["dec", 4].seconds is None
    table = k_table(results)
    assert table.headings[:3] == ["k", "best of restarts, merged", "published"]
    assert [row[0] for row in table.rows] == ["4", "8"] and table.rows[0][2] == "0.995"
    assert "best of restarts" in k_picture(results).alt


def test_sensitivity_to_k_needs_the_truth():
    with pytest.raises(UserError, match="true labels"):
        k_rows(None, {}, {})


def test_one_dataset_and_its_diagnostics_are_needed(clustered, tmp_path: Path):
    clustering = TABLES.choose({"method": "clustering"})
    with pytest.raises(UserError, match="no diagnostics"):
        tabulate.main([clustered[0]], str(tmp_path / "table.csv"), clustering)
    other = tmp_path / "results/diagnostics/other/em/seeds-0-0.json"
    other.parent.mkdir(parents=True)
    diagnosed = next(file for file in clustered if file.endswith(".json"))
    other.write_text(Path(diagnosed).read_text())
    with pytest.raises(UserError, match="2 datasets"):
        tabulate.main([clustered[0], diagnosed, str(other)], str(tmp_path / "table.csv"), clustering)
    assert not (tmp_path / "table.csv").exists()


def test_a_method_that_starts_from_a_number_it_chose(tmp_path: Path):
    data, dataset = takeball(tmp_path, episodes=6)
    file = clusters_file(tmp_path, dataset, "pg_kmeans", [0], start=9, num_clusters=None)
    tabulate.main([data, file], str(tmp_path / "k.csv"), TABLES.choose({"method": "k_sensitivity"}))
    assert {row["k"] for row in csv.DictReader((tmp_path / "k.csv").open())} == {"9"}
    assert Artifact.load(file).metadata["num_clusters"] == POLICIES


def test_the_page_holds_all_of_it(clustered):
    page = build(gather(clustered, SOURCES), ReportSettings(resamples=200))
    for heading in ("How many behaviours?", "Clusterings", "Number of clusters", "What the clusters hold"):
        assert f"{heading}</h" in page
    assert "Sensitivity to the initial number of clusters" in page and "Time and memory of clustering" in page
    assert page.count("<article") == POLICIES and "SACo" in page and ">right<" in page
    checker = Checker()
    checker.feed(page)
    assert checker.open == [] and checker.mistakes == [] and len(checker.ids) == len(set(checker.ids))
    assert len(page.encode()) < 1_000_000


def changed(results, **fields):
    """The results with other fields of their clusterings."""
    parts = {**results.parts, Clusterings: replace(results.of(Clusterings), **fields)}
    return DatasetResults(results.name, parts)
