"""Files that the rules ask for, from what the params name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stages.params.recipes import Recipes
from stages.params.schema import load
from stages.params.targets import Targets, one_of
from stages.paths import CLUSTERS, DIAGNOSIS, EVALUATION, SAFE, SAFE_EVALUATION

ROOT = Path(__file__).parents[2]
BY_CLUSTER = "by_cluster/navigation/evidence_fitted/iql"


@pytest.fixture(scope="module")
def targets() -> Targets:
    """Targets of the project's own params, with seeds 0, 1 and 2 in two blocks."""
    return Targets(Recipes(*load([ROOT / "params.yaml"], {"seeds": {"count": 3, "block": 2}})))


def test_files_are_in_the_order_of_datasets_recipes_and_seeds(targets: Targets) -> None:
    assert targets.files(CLUSTERS, {"navigation": ["em", "evidence"], "extra": ["dec"]}) == [
        f"results/clusters/{name}/seeds-{block}.safetensors"
        for name in ("navigation/em", "navigation/evidence", "extra/dec")
        for block in ("0-1", "2-2")
    ]
    assert targets.files(DIAGNOSIS, {"extra": []}) == []


def test_other_seeds_may_be_asked_for(targets: Targets) -> None:
    assert targets.files(SAFE, {"safe_navigation": ["trac"]}, ["7-9"]) == [
        "results/safe/safe_navigation/trac/seeds-7-9.safetensors"
    ]


def test_clusterings_that_no_agent_follows_have_seeds_of_their_own() -> None:
    changed = {
        "seeds": {"count": 3, "block": 3},
        "clustering_seeds": {"first": 0, "count": 1, "block": 1},
        "baseline_seeds": {"first": 0, "count": 2, "block": 2},
    }
    targets = Targets(Recipes(*load([ROOT / "params.yaml"], changed)))
    chosen = {
        (place["clustering"], place["block"]) for place in map(CLUSTERS.read, targets.clusters("navigation")) if place
    }
    assert chosen == {("em", "0-2"), ("em_single", "0-1"), ("em_plain", "0-0"), ("evidence", "0-0")}
    assert {"0-2", "0-0", "0-1"} <= set(targets.recipes.params.all_blocks)


def test_baselines_have_seeds_of_their_own() -> None:
    changed = {"seeds": {"count": 2, "block": 1}, "baseline_seeds": {"first": 0, "count": 1, "block": 1}}
    targets = Targets(Recipes(*load([ROOT / "params.yaml"], changed)))
    assert targets.of_agents(EVALUATION, {"navigation": ["bc", "empo"]}) == [
        f"results/evaluation/navigation/{name}.npz" for name in ("bc/seeds-0-0", "empo/seeds-0-0", "empo/seeds-1-1")
    ]


def test_clusterings_have_the_seeds_of_everything_else_unless_said() -> None:
    targets = Targets(
        Recipes(*load([ROOT / "params.yaml"], {"seeds": {"count": 3, "block": 2}, "clustering_seeds": None}))
    )
    assert targets.clustering_blocks == targets.blocks == ["0-1", "2-2"]


@pytest.mark.parametrize(
    ("agent", "parts"),
    [
        ("bc", ["offline/navigation/bc"]),
        ("empo_unimproved", ["clusters/navigation/em", "high_level/navigation/em"]),
        ("empo", ["clusters/navigation/em", "high_level/navigation/em", "improved/navigation/em/ppo"]),
        # One cluster leaves nothing to choose among.
        ("empo_single", ["clusters/navigation/em_single", "improved/navigation/em_single/ppo"]),
        (
            "iql_by_cluster",
            [f"{kind}/navigation/evidence_fitted" for kind in ("clusters", "high_level")] + [BY_CLUSTER],
        ),
        ("iql_best_cluster", [BY_CLUSTER]),
    ],
)
def test_an_agent_is_made_of_trained_files(targets: Targets, agent: str, parts: list[str]) -> None:
    assert targets.policies("navigation", agent, "2-2") == [f"results/{part}/seeds-2-2.safetensors" for part in parts]


def test_files_that_agents_share_are_named_for_each(targets: Targets) -> None:
    files = targets.trained({"navigation": ["empo_unimproved", "empo"]})
    assert files.count("results/clusters/navigation/em/seeds-0-1.safetensors") == 2
    assert len(files) == 2 * (2 + 3)


@pytest.mark.parametrize(
    ("safe", "given"),
    [
        ("bc_all", []),
        ("trac", ["results/partitions/safe_navigation/by_episode.safetensors"]),
        ("empo_budget", ["results/clusters/safe_navigation/many/seeds-0-2.safetensors"]),
    ],
)
def test_a_safe_recipe_is_given_what_it_names(targets: Targets, safe: str, given: list[str]) -> None:
    assert targets.given("train_safe", "safe_navigation", safe, "0-2") == given


def test_policies_behind_safe_rollouts_come_with_what_they_were_given(targets: Targets) -> None:
    rollouts = targets.files(SAFE_EVALUATION, {"safe_navigation": ["bc_all", "trac"]}, ["0-1", "2-2"])
    assert targets.trained_safe(rollouts, ["0-1", "2-2"]) == [
        "results/safe/safe_navigation/bc_all/seeds-0-1.safetensors",
        "results/safe/safe_navigation/bc_all/seeds-2-2.safetensors",
        "results/safe/safe_navigation/trac/seeds-0-1.safetensors",
        "results/safe/safe_navigation/trac/seeds-2-2.safetensors",
        *["results/partitions/safe_navigation/by_episode.safetensors"] * 2,
    ]


def test_jobs_depend_on_the_settings_of_their_dataset_and_recipe(targets: Targets) -> None:
    depends = targets.depends("train_offline", "algorithm")
    assert json.loads(depends["settings"]({"dataset": "navigation", "algorithm": "bc"}))["method"] == "bc"
    codes = {depends["code"]({"dataset": "navigation", "algorithm": name}) for name in ("bc", "td3_bc")}
    assert len(codes) == 2


def test_a_wildcard_has_the_names_there_are() -> None:
    assert [bool(re.fullmatch(one_of(["a.b", "c"]), name)) for name in ("a.b", "c", "axb", "")] == [1, 1, 0, 0]
    assert not re.match(one_of([]), "")
