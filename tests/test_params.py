"""What params may say, what jobs get out of it, and the one line that a mistake gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from stages.errors import UserError
from stages.params.recipes import Recipes
from stages.params.schema import SeedRange, load, overlaid

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def params() -> dict[str, Any]:
    """The project's own params, to change."""
    return yaml.safe_load((ROOT / "params.yaml").read_text())


def recipes(folder: Path, params: dict[str, Any], *overlays: dict[str, Any]) -> Recipes:
    """Settings from params files with these contents."""
    files = [folder / name for name in ("params.yaml", *(f"overlay{i}.yaml" for i in range(len(overlays))))]
    for file, values in zip(files, (params, *overlays), strict=True):
        file.write_text(yaml.safe_dump(values, sort_keys=False))
    return Recipes(*load(files))


def refusal(folder: Path, params: dict[str, Any], keys: str, value: Any) -> str:
    """What is said about `params` with one key changed, without the folder."""
    changed = overlaid(params, nested(keys, value))
    with pytest.raises(UserError) as caught:
        recipes(folder, changed)
    return str(caught.value).replace(f"{folder}/", "")


def nested(keys: str, value: Any) -> dict[str, Any]:
    for key in reversed(keys.split(".")):
        value = {key: value}
    return value


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        ("seds", {}, ": unknown key. Did you mean 'seeds'?"),
        ("seeds.cout", 3, ": unknown key. Did you mean 'count'?"),
        ("seeds.count", 0, ": should be greater than or equal to 1, not 0"),
        ("seeds.count", "many", ": should be a valid integer, unable to parse string as an integer, not 'many'"),
        ("device", "gpu", ": should be 'auto', 'cpu' or 'cuda', not 'gpu'"),
        ("datasets.navigation.setings", {}, ": unknown key. Did you mean 'settings'?"),
        ("datasets.navigation.preset", "didactc", ": unknown preset 'didactc'. Did you mean 'didactic'?"),
        ("datasets.navigation.agents", ["emppo"], ".0: unknown agent 'emppo'. Did you mean 'empo'?"),
        ("datasets.navigation.generate.nois", 0.2, ": unknown key. Did you mean 'noise'?"),
        ("datasets.navigation.generate.noise", -1, ": should be greater than or equal to 0, not -1"),
        ("datasets.navigation.generate.environment.siz", 3, ": unknown key. Did you mean 'size'?"),
        (
            "datasets.navigation.generate.method",
            "navigtion",
            ": unknown dataset generator {}. Did you mean 'navigation'?",
        ),
        ("datasets.navigation.settings.evaluat", {}, ": unknown stage 'evaluat'. Did you mean 'evaluate'?"),
        ("datasets.mine", {"agents": []}, ": needs `generate`, `import` or `mix`, one of them"),
        ("datasets.mine.import.files", [], ": should have at least 1 item after validation, not 0, not []"),
        ("datasets.mine.import.files", ["a"], ".0: no file a. Correct the path, or fetch it with `dvc pull`"),
        ("cluster_trajectories.em.method", "emm", ": unknown clustering method {}. Did you mean 'em'?"),
        (
            "cluster_trajectories.em_single.like",
            "emm",
            ": unknown recipe of cluster_trajectories {}. Did you mean 'em'?",
        ),
        ("cluster_trajectories.new", {"num_clusters": 2}, ".method: missing"),
        ("cluster_trajectories.em.num_cluster", 2, ": unknown key. Did you mean 'num_clusters'?"),
        ("presets.didactic.train_critics.q_stepss", 2, ": unknown key. Did you mean 'q_steps'?"),
        ("presets.didactic.train_offline.bcc", {}, ": unknown recipe of train_offline 'bcc'. Did you mean 'bc'?"),
        ("evaluate.episodes", 0, ": should be greater than or equal to 1, not 0"),
        ("agents.empo.improvement", "pppo", ": unknown recipe of improve_clusters {}. Did you mean 'ppo'?"),
        ("agents.mine", {"offline": "bc", "clusters": "em"}, ": needs `offline` or `clusters`, one of them"),
        ("agents.bc.improvement", "ppo", "agents.bc: `improvement` goes with `clusters`, not with `offline`"),
        ("ablation.base", "emm", ": unknown recipe of cluster_trajectories {}. Did you mean 'em'?"),
        ("ablation.vary.momentun", [0.1], ": unknown key. Did you mean 'momentum'?"),
        ("safe_seeds.block", 0, ": should be greater than or equal to 1, not 0"),
        (
            "train_safe.trac.partition",
            "by_epsode",
            ": unknown recipe of partition_trajectories {}. Did you mean 'by_episode'?",
        ),
        ("train_safe.new", {"method": "trac"}, ".partition: missing. Name a recipe of partition_trajectories"),
        ("train_safe.trac.score_scal", 0.1, ": unknown key. Did you mean 'score_scale'?"),
        ("train_safe.trac.cost_limits", [-1], ".0: should be greater than or equal to 0, not -1"),
        ("partition_trajectories.by_episode.desirable_share", 0, ": should be greater than 0, not 0"),
        ("datasets.safe_navigation.safe", ["tracc"], ".0: unknown recipe of train_safe 'tracc'. Did you mean 'trac'?"),
        (
            "safe_comparison.safe_navigation",
            ["bc_saf"],
            ".0: unknown recipe of train_safe 'bc_saf'. Did you mean 'bc_safe'?",
        ),
        ("safe_studies.sides.base", "tracc", ": unknown recipe of train_safe {}. Did you mean 'trac'?"),
        ("safe_studies.sides.vary.side", ["both"], ": unknown key. Did you mean 'sides'?"),
        ("safe_studies.shares.vary_partition.stridee", [3], ": unknown key. Did you mean 'stride'?"),
        ("summarise.resample", 1000, ": unknown key. Did you mean 'resamples'?"),
    ],
)
def test_a_mistake_gives_file_key_cause_and_remedy(
    tmp_path: Path, params: dict[str, Any], keys: str, value: Any, said: str
) -> None:
    expected = keys + said.format(repr(value)) if said[0] in ".:" else said
    assert refusal(tmp_path, params, keys, value) == f"params.yaml: {expected}"


def test_an_environment_that_does_not_exist_is_refused(tmp_path: Path, params: dict[str, Any]) -> None:
    (tmp_path / "a.hdf5").touch()
    mine = {"files": [str(tmp_path / "a.hdf5")], "environment": "Hoper-v4"}
    said = refusal(tmp_path, params, "datasets.mine", {"import": mine, "agents": ["bc"]})
    assert said.startswith(
        "params.yaml: datasets.mine.import.environment: unknown environment 'Hoper-v4'. Did you mean"
    )
    del mine["environment"]
    said = refusal(tmp_path, params, "datasets.mine", {"import": mine, "agents": ["bc"]})
    assert said == "params.yaml: datasets.mine.import.environment: missing, so agents cannot be evaluated"
    recipes(tmp_path, overlaid(params, {"datasets": {"mine": {"import": mine, "clusterings": ["em"]}}}))


def test_recipes_in_a_circle_are_refused(tmp_path: Path, params: dict[str, Any]) -> None:
    params["cluster_trajectories"] |= {"a": {"like": "b"}, "b": {"like": "a"}}
    with pytest.raises(UserError, match="like each other in a circle"):
        recipes(tmp_path, params)


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


def test_what_a_safe_recipe_is_made_from_is_not_a_setting(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    assert found.ingredients("train_safe", "swimmer-velocity", "bc_safe") == {}
    assert found.ingredients("train_safe", "swimmer-velocity", "trac_segments") == {"partition": "by_segment"}
    settings = found.job("train_safe", "swimmer-velocity", "trac_segments").settings
    assert "partition" not in settings
    assert settings == found.job("train_safe", "swimmer-velocity", "trac").settings


def test_how_a_policy_acts_counts_for_its_evaluation_alone(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    codes = {
        name: found.job("evaluate_safe", "safe_navigation", name).code for name in ("trac", "trac_gaussian", "caps")
    }
    assert codes["trac"] == codes["trac_gaussian"] != codes["caps"]


def test_a_mistake_in_an_overlay_names_the_overlay(tmp_path: Path, params: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=r"overlay0.yaml: seeds.count: "):
        recipes(tmp_path, params, {"seeds": {"count": -1}})
    with pytest.raises(UserError, match=r"overlay0.yaml: evaluate.episods: unknown key. Did you mean 'episodes'"):
        recipes(tmp_path, params, {"evaluate": {"episods": 1}})


@pytest.mark.parametrize(("text", "said"), [("a: [1", "not YAML"), ("- a", "should hold `key: value` lines")])
def test_a_file_that_is_not_params_is_refused_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        load([tmp_path / "params.yaml"])
    assert "\n" not in str(caught.value)
    with pytest.raises(UserError, match="no such file"):
        load([tmp_path / "absent.yaml"])


def test_later_layers_win(tmp_path: Path, params: dict[str, Any]) -> None:
    """The recipe it is like < its own < the preset < the dataset's own settings."""
    params["cluster_trajectories"] = {
        "base": {"method": "em", "momentum": 0.1, "em_epochs": 1, "bias_epochs": 1, "batch_size": 1},
        "derived": {"like": "base", "batch_size": 5},
    }
    params["presets"] = {"p": {"cluster_trajectories": {"base": {"em_epochs": 2, "bias_epochs": 2, "batch_size": 2}}}}
    navigation = params["datasets"]["navigation"]
    for dataset in params["datasets"].values():
        dataset |= {"agents": [], "clusterings": [], "safe": [], "settings": {}, "preset": None}
    navigation["preset"] = "p"
    navigation["settings"] = {"cluster_trajectories": {"base": {"bias_epochs": 3, "batch_size": 3}}}
    params |= {"agents": {}, "ablation": None, "figure4": None, "k_sensitivity": None, "comparison": {}}
    params |= {"train_safe": {}, "safe_comparison": {}, "safe_studies": {}}
    found = recipes(tmp_path, params)
    names = ("momentum", "em_epochs", "bias_epochs", "batch_size")
    base, derived = (found.job("cluster_trajectories", "navigation", name).settings for name in ("base", "derived"))
    assert [base[name] for name in names] == [0.1, 2, 3, 3]
    assert [derived[name] for name in names] == [0.1, 2, 3, 5]
    navigation["settings"]["cluster_trajectories"]["derived"] = {"batch_size": 7}
    assert recipes(tmp_path, params).job("cluster_trajectories", "navigation", "derived").settings["batch_size"] == 7


def test_equal_settings_give_equal_text(tmp_path: Path, params: dict[str, Any]) -> None:
    """Defaults spelt out, the order of keys and the spelling of numbers make no difference; a value does."""
    before = recipes(tmp_path, params).job("train_critics", "navigation")
    settings = params["datasets"]["navigation"].setdefault("settings", {})
    size = before.settings["batch_size"]
    settings["train_critics"] = dict(reversed(before.settings.items())) | {"batch_size": float(size)}
    assert recipes(tmp_path, params).job("train_critics", "navigation").json == before.json
    settings["train_critics"] |= {"batch_size": size + 1}
    assert recipes(tmp_path, params).job("train_critics", "navigation").json != before.json


def test_code_of_a_job_includes_its_method_and_no_other(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    bc, td3_bc = (found.job("train_offline", "navigation", name) for name in ("bc", "td3_bc"))
    assert bc.modules != td3_bc.modules
    assert bc.code != td3_bc.code
    assert found.job("evaluate", "navigation").modules == ("stages.environments.navigation",)


def test_grids_are_recipes_of_every_combination(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    names = found.varied("ablation")
    assert len(names) == 8
    assert "em_plain-momentum=0.9-pretrain_epochs=20-bias_epochs=3" in names
    plain = found.job("cluster_trajectories", "navigation", names[0]).settings
    assert (plain["momentum"], plain["pretrain_epochs"], plain["bias_epochs"]) == (0.0, 0, 0)
    points = found.job("summarise_figure4", "navigation").settings["points"]
    assert set(points) == set(found.varied("figure4")) <= set(found.agents)
    assert {point["gradient"] for point in points.values()} == {"full batch", "mini-batch"}


def test_the_report_is_told_the_params_but_not_the_device(tmp_path: Path, params: dict[str, Any]) -> None:
    told = recipes(tmp_path, params).job("report").settings["params"]
    assert told["seeds"] == params["seeds"]
    assert "device" not in told


@pytest.mark.parametrize(
    ("seeds", "blocks"),
    [
        (SeedRange(first=0, count=10, block=5), ["0-4", "5-9"]),
        (SeedRange(first=0, count=15, block=5), ["0-4", "5-9", "10-14"]),
        (SeedRange(first=3, count=4, block=3), ["3-5", "6-6"]),
        (SeedRange(first=0, count=2, block=1), ["0-0", "1-1"]),
    ],
)
def test_seeds_are_cut_into_blocks(seeds: SeedRange, blocks: list[str]) -> None:
    assert seeds.blocks == blocks
