"""Probes of embeddings in the report: tables, contests against summary statistics, maps."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.evaluation.latent_rows import LatentRow
from stages.formats.native import write_native
from stages.reporting import page, summary
from stages.reporting.data.published import from_papers
from stages.reporting.data.results import Data
from stages.reporting.embeddings.contests import contests, sentences
from stages.reporting.embeddings.imitations import imitation_table, level_returns
from stages.reporting.embeddings.latents import legs_of, lines_table, order_of
from stages.reporting.embeddings.maps import maps_picture, principal_components
from stages.reporting.embeddings.metrics import embedding_metrics
from stages.reporting.embeddings.published import PublishedProbes
from stages.reporting.embeddings.results import Embedded, Embeddings, Imitation, Likelihood, Probed
from stages.reporting.embeddings.tables import overview_table, probe_tables
from stages.reporting.gathering import Collection, DatasetResults, gather
from stages.reporting.kit.records import frame, write_table
from stages.reporting.run.results import Job, Run
from stages.reporting.sections import SOURCES
from stages.reporting.settings import ReportSettings
from tests.synthetic import two_policies

SUMMARY = {"linear: level accuracy": [1.0, 1.0, 1.0], "linear: return R2": [0.5, 0.5, 0.5]}


def probed(scores: dict[str, list[float]], method: str = "summary", seeds: tuple[int, ...] = (0, 1, 2)) -> Probed:
    return Probed(np.array(seeds), method, {name: np.array(values) for name, values in scores.items()}, [])


def said(*found: Probed) -> str:
    return " ".join(sentences(contests({probes.method: probes for probes in found})))


def probes_file(folder: Path, embedding: str, seeds: list[int], r2: float, **changes: object) -> str:
    path = folder / f"results/probes/toys/{embedding}/seeds-{seeds[0]}-{seeds[-1]}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    scores = {"linear: level accuracy": [1.0] * len(seeds), "linear: return R2": [r2 + 0.01 * seed for seed in seeds]}
    scores |= {"held-out": [None] * len(seeds)}
    path.write_text(json.dumps({"seeds": seeds, "method": embedding, "scores": scores, "remarks": []} | changes))
    return str(path)


def embeddings_file(folder: Path, embedding: str, episodes: int) -> str:
    vectors = torch.from_numpy(np.random.default_rng(0).standard_normal((2, episodes, 3)).astype(np.float32))
    path = folder / f"results/embeddings/toys/{embedding}/seeds-0-1.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = {"embeddings": vectors, "training": torch.ones(episodes, dtype=torch.bool)}
    Artifact(tensors, {"kind": "embedding", "seeds": [0, 1], "settings": {"method": embedding}}).save(path)
    return str(path)


def test_where_nothing_is_better_the_report_says_so() -> None:
    vte = probed({"linear: level accuracy": [1.0, 1.0, 1.0], "linear: return R2": [0.4, 0.3, 0.6]}, "vte")
    assert said(probed(SUMMARY), vte).startswith("No embedding tells more than summary statistics on any probe (2 ")


def test_what_is_better_is_named_with_its_difference() -> None:
    vte = probed({**SUMMARY, "linear: return R2": [0.7, 0.71, 0.72]}, "vte")
    text = said(probed(SUMMARY), vte)
    assert "VTE on 1 of 2 probes" in text and "0.21 [0.19, 0.23], VTE on “linear: return R2”" in text


def test_less_bad_than_knowing_nothing_is_no_win() -> None:
    useless = {"first 20 steps: return R2 within levels": [-2.8, -2.8, -2.8]}
    less = {"first 20 steps: return R2 within levels": [-1.8, -1.7, -1.9]}
    assert said(probed(useless), probed(less, "vte")).startswith("No embedding tells more")


def test_two_seeds_leave_it_open() -> None:
    few = {"linear: return R2": [0.1, 0.1]}
    better = probed({"linear: return R2": [0.9, 0.9]}, "vte", (0, 1))
    assert "left open: 2 seeds are too few" in said(probed(few, seeds=(0, 1)), better)


def test_controls_errors_what_is_told_and_other_seeds_are_no_contest() -> None:
    odd = {"shuffled steps: return R2": [1.0] * 3, "linear: return absolute error": [9.0] * 3}
    summary_scores = probed({**SUMMARY, "shuffled steps: return R2": [0.0] * 3})
    assert said(summary_scores, probed(odd, "vte")) == ""
    assert said(summary_scores, probed(SUMMARY, "true_level"), probed(SUMMARY, "zbc", (3, 4, 5))) == ""
    assert said(probed(SUMMARY, "vte")) == ""


def test_tables_have_a_column_for_each_view_and_leave_out_what_was_not_judged() -> None:
    scores = {
        "linear: level accuracy": [0.9, 1.0, 0.95],
        "first 20 steps: level accuracy": [np.nan] * 3,
        "linear: return absolute error": [100.0, 120.0, 110.0],
        "linear: held-out policies: return R2": [0.5, 0.5, 0.5],
    }
    metrics = embedding_metrics(Embeddings({"vte": probed(scores, "vte")}), None, 100)
    tables = probe_tables(metrics)
    assert list(tables) == ["Levels", "Error of returns", "Returns of held-out policies"]
    assert tables["Levels"].headings == ["embedding", "linear"]
    assert tables["Levels"].rows == [["VTE", "95.0 [82.6, 100.0]"]]
    assert tables["Returns of held-out policies"].rows == [["VTE", "0.50"]]


def test_cost_is_per_thousand_episodes_and_seed_and_printed_numbers_stand_beside() -> None:
    embeddings = Embeddings({"vte": replace(probed(SUMMARY, "vte"), remarks=["collapsed"])})
    run = Run(jobs=[Job("embeddings", ("vte",), 3, 40.0, 30.0, 512.0)])
    table = overview_table(
        embeddings, embedding_metrics(embeddings, None, 100), run, 500, PublishedProbes({"vte": 1.0})
    )
    row = dict(zip(table.headings, table.rows[0], strict=True))
    assert (row["CPU s per 1,000 episodes"], row["memory, MB"]) == ("20.0", "512")
    assert (row["published, %"], row["remarks"]) == ("100", "collapsed")


def test_what_is_printed_is_found_by_robot_and_levels() -> None:
    levels = replace(
        two_policies(4, steps=3), environment="Hopper-v4", behaviour_policy_names=("low", "medium", "expert")
    )
    of_levels = DatasetResults("hopper-levels", {Data: Data(levels)})
    assert from_papers(of_levels, PublishedProbes).level_accuracy == {"vte": 1.0}


def test_components_are_ordered_by_variance_and_do_not_flip() -> None:
    random = np.random.default_rng(0)
    vectors = random.standard_normal((50, 3)) * [0.1, 5.0, 1.0]
    points, share = principal_components(vectors)
    np.testing.assert_allclose(points[:, 0], vectors[:, 1] - vectors[:, 1].mean(), atol=0.5)
    assert share > 0.99
    np.testing.assert_allclose(principal_components(vectors[::-1])[0][::-1], points)
    assert (principal_components(np.ones((4, 1)))[0] == 0).all()


def test_without_levels_there_are_no_maps() -> None:
    dataset = two_policies(6, steps=3)
    vectors = {"vte": Embedded(0, np.zeros((6, 2)))}
    assert "100% of the variance" in maps_picture("toys", vectors, dataset).svg
    assert maps_picture("toys", vectors, replace(dataset, behaviour_policy=None)) is None


def test_files_become_a_part_of_the_page_and_of_the_metrics(tmp_path: Path) -> None:
    dataset = two_policies(12, steps=4)
    data = tmp_path / "data/generated/toys.hdf5"
    data.parent.mkdir(parents=True)
    write_native(data, dataset)
    files = [str(data), embeddings_file(tmp_path, "vte", 12)]
    files += [probes_file(tmp_path, "vte", block, 0.8) for block in ([2], [0, 1])]
    files += [probes_file(tmp_path, "summary", block, 0.5) for block in ([2], [0, 1])]
    collection = gather(files, SOURCES)
    found = collection["toys"].of(Embeddings)
    assert found.probed["vte"].seeds.tolist() == [0, 1, 2]
    np.testing.assert_allclose(found.probed["vte"].scores["linear: return R2"], [0.80, 0.81, 0.82])
    text = page.build(collection, ReportSettings(resamples=100))
    assert "<h3>Trajectory embeddings</h3>" in text and "More than summary statistics tell VTE on 1 of 2 probes" in text
    assert "toys-embedding-maps" in text and "AAMAS 2025" in text
    metrics = summary.as_json(summary.metrics_of(collection, 100)["toys"])
    assert metrics["embeddings"]["vte"]["linear: return R2"]["value"] == 0.81
    assert metrics["embeddings"]["vte"]["held-out"]["value"] is None


def test_imitators_are_measured_by_the_returns_of_the_levels() -> None:
    dataset = two_policies(6, steps=3)
    wanted = level_returns(dataset)
    returns = np.stack([wanted, wanted * 1.1, wanted * 0.8])[..., None] * np.ones(4)
    likelihood = Likelihood(np.arange(3), np.full(3, -1.0), np.full(3, -3.5))
    found = Embeddings(imitations={"by_vte": Imitation(np.arange(3), returns)}, likelihoods={"by_vte": likelihood})
    metrics = embedding_metrics(found, dataset, 100)
    assert metrics.imitators["by_vte"].value == pytest.approx(0.1)
    table = imitation_table(found, dataset, metrics.imitators)
    row = dict(zip(table.headings, table.rows[0], strict=True))
    assert row["imitator"] == "told VTE" and row["gap, %"].startswith("10.0 [") and row["nats"] == "2.50"
    collection = Collection({"toys": DatasetResults("toys", {Data: Data(dataset), Embeddings: found})})
    text = page.build(collection, ReportSettings(resamples=100))
    assert "<h4>Imitation</h4>" in text and "logistic regression" not in text


def latent_rows(seed: int, at_end: float) -> list[LatentRow]:
    """One seed on three levels, whose returns rise, and beside the second of them."""
    legs = [("a", "b", 1.0), ("b", "c", 2.0), ("a", "c", 1.0)]
    rows = [
        LatentRow(start, at, seed, first + at * at_end, at, end) for start, end, first in legs for at in (0.0, 0.5, 1.0)
    ]
    rows.append(LatentRow("b", 0.0, seed, 2.0, 0.0))
    moved = [(dimension, at) for dimension in (0, 1) for at in (-1.0, 1.0)]
    return rows + [LatentRow("b", at, seed, 2.0 + 10 * at, abs(at), "", dimension) for dimension, at in moved]


def test_latents_are_shown_between_and_beside_levels(tmp_path: Path) -> None:
    dataset = replace(
        two_policies(9, steps=4), behaviour_policy=np.arange(9) % 3, behaviour_policy_names=("a", "b", "c")
    )
    data = tmp_path / "data/generated/toys.hdf5"
    data.parent.mkdir(parents=True)
    write_native(data, dataset)
    files = [tmp_path / f"results/latents/toys/by_vte/seeds-{seed}-{seed}.csv" for seed in (0, 1, 2)]
    for seed, (path, at_end) in enumerate(zip(files, (1.0, 2.0, -1.0), strict=True)):
        write_table(path, frame(latent_rows(seed, at_end), LatentRow))
    collection = gather([str(data), *map(str, files)], SOURCES)
    latents = collection["toys"].of(Embeddings).latents
    assert latents["by_vte"] == [row for seed, at_end in enumerate((1, 2, -1)) for row in latent_rows(seed, at_end)]
    assert order_of(legs_of(latents["by_vte"])) == ["a", "b", "c"]
    table = lines_table(latents, 100)
    row = dict(zip(table.headings, table.rows[1], strict=True))
    assert (row["line"], row["0%"], row["100%"]) == ("b – c", "2", "3") and row["rank correlation"].startswith("0.33 [")
    text = page.build(collection, ReportSettings(resamples=100))
    assert "a – b – c" in text and "a – c" in text and "toys-latent-lines" in text
    assert "told VTE:" in text and "−10" in text and "e1" in text


def test_files_that_are_no_probes_are_refused(tmp_path: Path) -> None:
    other = probes_file(tmp_path, "vte", [0, 1], 0.8, scores={"linear: return R2": [1.0]})
    with pytest.raises(UserError, match=r"no probes.*not a score per seed"):
        gather([other], SOURCES)
