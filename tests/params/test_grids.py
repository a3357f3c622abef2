"""Recipes that grids and studies make, and what is compared with what."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.params.written import recipes, refusal


def test_a_study_varies_the_method_and_its_partition(tmp_path: Path, params: dict[str, Any]) -> None:
    params["safe_studies"] = {
        "both": {
            "base": "trac",
            "datasets": ["safe_navigation"],
            "vary": {"discount": [0.5]},
            "vary_partition": {"labels_by": ["segment"]},
        }
    }
    found, name = recipes(tmp_path, params), "trac-discount=0.5-labels_by=segment"
    assert found.job("train_safe", "safe_navigation", name).settings["discount"] == 0.5
    assert found.ingredients("train_safe", "safe_navigation", name) == {"partition": name}
    cut = found.job("partition_trajectories", "safe_navigation", name).settings
    usual = found.job("partition_trajectories", "safe_navigation", "by_episode").settings
    assert cut == usual | {"labels_by": "segment"}
    compared = found.studies("safe_navigation")["both"]
    assert list(compared) == ["trac", name]
    assert compared["trac"] == {"discount": 0.99, "labels_by": "episode"}
    assert compared[name] == {"discount": 0.5, "labels_by": "segment"}
    assert found.studies("swimmer-velocity") == {}


def test_grids_are_recipes_of_every_combination(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    names = found.varied("ablation")
    assert len(names) == 8
    assert "em_plain-momentum=0.9-pretrain_epochs=20-bias_epochs=3" in names
    plain = found.job("cluster_trajectories", "navigation", names[0]).settings
    assert (plain["momentum"], plain["pretrain_epochs"], plain["bias_epochs"]) == (0.0, 0, 0)
    points = found.job("tabulate", "navigation", "figure4").settings["points"]
    assert set(points) == set(found.varied("figure4")) <= set(found.agents)
    assert {point["gradient"] for point in points.values()} == {"full batch", "mini-batch"}


def test_a_study_varies_the_partition_that_its_dataset_has(tmp_path: Path, params: dict[str, Any]) -> None:
    """Set for one dataset, another partition is the one that is varied there, and there alone."""
    params["presets"]["velocity"]["train_safe"]["trac"]["partition"] = "by_segment"
    params["safe_studies"] = {
        "shares": {
            "base": "trac",
            "datasets": ["safe_navigation", "swimmer-velocity"],
            "vary_partition": {"desirable_share": [0.25]},
        }
    }
    found, name = recipes(tmp_path, params), "trac-desirable_share=0.25"
    for dataset, base in (("safe_navigation", "by_episode"), ("swimmer-velocity", "by_segment")):
        usual = found.job("partition_trajectories", dataset, base).settings
        assert found.ingredients("train_safe", dataset, name) == {"partition": name}
        assert found.job("partition_trajectories", dataset, name).settings == usual | {"desirable_share": 0.25}
        assert found.studies(dataset)["shares"]["trac"] == {"desirable_share": usual["desirable_share"]}


def test_a_study_may_vary_the_ingredient_itself(tmp_path: Path, params: dict[str, Any]) -> None:
    params["safe_studies"] = {
        "labels": {"base": "trac", "datasets": ["safe_navigation"], "vary": {"partition": ["by_segment"]}}
    }
    found = recipes(tmp_path, params)
    assert found.ingredients("train_safe", "safe_navigation", "trac-partition=by_segment") == {
        "partition": "by_segment"
    }
    assert found.studies("safe_navigation")["labels"] == {
        "trac": {"partition": "by_episode"},
        "trac-partition=by_segment": {"partition": "by_segment"},
    }


def test_a_partition_that_is_not_there_cannot_be_varied(tmp_path: Path, params: dict[str, Any]) -> None:
    study = {"base": "bc_safe", "datasets": [], "vary_partition": {"stride": [3]}}
    said = refusal(tmp_path, params, "safe_studies.new", study)
    said = said.removeprefix("params.yaml: safe_studies.new.vary_partition: ")
    assert said == "bc_safe has no partition. Leave it out, or vary a recipe that has it"
