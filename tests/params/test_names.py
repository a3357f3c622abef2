"""Names, keys and values that are wrong, and the one line that each gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stages.params.schema import overlaid
from tests.params.written import recipes, refusal


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        ("seds", {}, ": unknown key. Did you mean 'seeds'?"),
        ("seeds.cout", 3, ": unknown key. Did you mean 'count'?"),
        ("seeds.count", 0, ": should be greater than or equal to 1, not 0"),
        ("seeds.count", "many", ": should be a number, not {}"),
        ("device", "gpu", ": should be 'auto', 'cpu' or 'cuda', not 'gpu'"),
        ("native", "on", ": should be 'auto' or False, not 'on'"),
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
        ("datasets.mine.import.files", [], ": should have at least 1 item, not []"),
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
        ("agents.bc.policies", "iql", "agents.bc: `policies` goes with `clusters`, not with `offline`"),
        ("agents.empo.policies", "iql", "agents.empo: `improvement` or `policies`, one of them at most"),
        ("agents.empo.follow", "best_cluster", "agents.empo: `follow` goes with `policies`"),
        ("agents.iql_by_cluster.policies", "iqll", ": unknown recipe of train_offline {}. Did you mean 'iql'?"),
        ("offline_comparison.extra", ["iqll"], ".0: unknown agent 'iqll'. Did you mean 'iql'?"),
        ("offline_comparison.takebal", ["iql"], ": unknown dataset 'takebal'. Did you mean 'takeball'?"),
        ("ablation.base", "emm", ": unknown recipe of cluster_trajectories {}. Did you mean 'em'?"),
        ("ablation.vary.momentun", [0.1], ": unknown key. Did you mean 'momentum'?"),
        ("datasets.takeball.clusterings", ["evidence", "evidence"], ".1: evidence is there twice. Keep one of them"),
        ("datasets.navigation.agents", ["empo", "empo"], ".1: empo is there twice. Keep one of them"),
        ("datasets.navigation.baselines", ["emppo"], ".0: unknown agent 'emppo'. Did you mean 'empo'?"),
        ("cluster_trajectories.em.learning_rate", float("inf"), ": should be a finite number, not inf"),
        ("cluster_trajectories.em.hidden_sizes", [64, 0], ".1: should be greater than or equal to 1, not 0"),
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
    recipes(tmp_path, overlaid(params, {"datasets": {"mine": {"import": mine, "clusterings": ["em"]}}}))


def test_without_an_environment_agents_have_to_act_on_the_state_alone(tmp_path: Path, params: dict[str, Any]) -> None:
    (tmp_path / "a.hdf5").touch()
    params["agents"]["dt"] = {"offline": "decision_transformer"}
    mine = {"files": [str(tmp_path / "a.hdf5")]}
    recipes(tmp_path, overlaid(params, {"datasets": {"mine": {"import": mine, "agents": ["bc", "empo"]}}}))
    said = refusal(tmp_path, params, "datasets.mine", {"import": mine, "agents": ["bc", "dt"]})
    assert said == (
        "params.yaml: datasets.mine.agents.1: dt acts on its episode so far: without an environment its returns cannot "
        "be estimated. Name the dataset's environment, or leave the agent out"
    )
    recipes(tmp_path, overlaid(params, {"datasets": {"navigation": {"agents": ["bc", "dt"]}}}))
