"""A change makes exactly those jobs run again that depend on it."""

from __future__ import annotations

import json
import os
import shutil
from collections import Counter

import pytest

from tests.pipeline.project import NOTHING, Project

pytestmark = pytest.mark.slow

REPORTED = Counter(summarise=1, report=1)
AFTER_CLUSTERS = REPORTED + Counter(train_critics=4, improve_clusters=6, train_high_level=2, evaluate=8)
AFTER_DATA = AFTER_CLUSTERS + Counter(cluster_trajectories=8, train_offline=4, evaluate=4, bound=1)
OTHERS = 4  # datasets that are only clustered, in the smoke profile


def test_a_finished_run_leaves_nothing_to_do(project: Project) -> None:
    assert project.plan() == NOTHING
    assert (project.path / "results/report.html").stat().st_size > 10_000
    assert "navigation" in (project.path / "results/headline.txt").read_text()
    assert not list((project.path / ".checkpoints").rglob("*.safetensors"))


def test_records_hold_what_the_plan_compares(project: Project) -> None:
    """Snakemake's record format is its own affair: this fails if an upgrade changes what `untrusted` reads."""
    records = [json.loads(file.read_text()) for file in (project.path / "results/.provenance").iterdir()]
    assert (project.path / ".snakemake/metadata").readlink().as_posix() == "../results/.provenance"
    data = len(project.params()["datasets"])
    assert len(records) == 54 + data  # one per output: 52 jobs besides the datasets', and three files of the summary
    assert {record["record_format_version"] for record in records} == {6}
    critics = next(record for record in records if record["rule"] == "train_critics")
    assert any('"q_steps": 200' in value for value in critics["params"])
    assert len(critics["params"]) == 2
    assert set(critics["input_checksums"]) == set(critics["input"])
    assert all(checksum.rpartition(":")[2].isalnum() for checksum in critics["input_checksums"].values())
    assert {"endtime", "incomplete"} <= set(critics)


def test_a_setting_of_one_stage_reruns_it_and_what_follows(project: Project) -> None:
    project.set("datasets.navigation.settings.train_high_level.n_step", 2)
    assert project.plan() == REPORTED + Counter(train_high_level=2, evaluate=6)


def test_a_shared_setting_reruns_every_recipe_that_is_like_it(project: Project) -> None:
    project.set("datasets.navigation.settings.cluster_trajectories.em.batch_size", 128)
    assert project.plan() == AFTER_CLUSTERS + Counter(cluster_trajectories=6)


def test_a_discount_in_the_preset_reruns_its_stage(project: Project) -> None:
    project.set("presets.didactic.train_critics.discount", 0.9)
    assert project.plan() == REPORTED + Counter(train_critics=4, improve_clusters=6, evaluate=6)


def test_a_setting_of_one_recipe_leaves_the_others(project: Project) -> None:
    project.set("cluster_trajectories.em_plain.momentum", 0.5)
    assert project.plan() == REPORTED + Counter(cluster_trajectories=2)


def test_a_setting_of_the_dataset_reruns_everything_made_of_it(project: Project) -> None:
    project.set("datasets.navigation.generate.noise", 0.05)
    assert project.plan() == AFTER_DATA + Counter(generate_dataset=1)


def test_swapped_values_are_a_change(project: Project) -> None:
    """Snakemake itself compares params as a set of values, without their names."""
    keys = "datasets.navigation.settings.cluster_trajectories.em"
    smoke = project.params()["datasets"]["navigation"]["settings"]["cluster_trajectories"]["em"]
    assert smoke["em_epochs"] != smoke["bias_epochs"]
    project.set(keys, {"em_epochs": smoke["bias_epochs"], "bias_epochs": smoke["em_epochs"]})
    assert project.plan("results/clusters/navigation/em/seeds-0-0.safetensors") == Counter(cluster_trajectories=1)


def test_edits_that_change_no_result_rerun_nothing(project: Project) -> None:
    stage, method, library = "stages/train_critics.py", "stages/clustering/em.py", "stages/losses/expectile.py"
    project.append(stage, "\n# a comment\n")
    project.edit(method, '"""EM clustering', '"""A docstring. EM clustering')
    project.edit(library, "\nfrom ", "\n\n\nfrom ")
    project.append("Snakefile", "\n# a comment\n")
    project.append("params.yaml", "\n# a comment\n")
    project.set("device", "cpu")
    shutil.copy(project.path / "stages/losses/expectile.py", project.path / "stages/losses/unrelated.py")
    os.utime(project.path / stage)
    os.utime(project.path / "data/generated/navigation.hdf5")
    assert project.plan() == NOTHING


def test_an_edited_stage_reruns(project: Project) -> None:
    project.append("stages/train_high_level.py", "\nEDITED = True\n")
    assert project.plan() == REPORTED + Counter(train_high_level=2, evaluate=6)


def test_an_edited_library_module_reruns_every_stage_that_imports_it(project: Project) -> None:
    """Also where the edit is older than the results, as after unpacking an archive."""
    project.append("stages/losses/expectile.py", "\nEDITED = True\n")
    os.utime(project.path / "stages/losses/expectile.py", (0, 0))
    assert project.plan() == REPORTED + Counter(train_high_level=2, evaluate=6)


def test_an_edited_method_reruns_its_own_recipes_alone(project: Project) -> None:
    project.append("stages/algorithms/td3_bc.py", "\nEDITED = True\n")
    assert project.plan() == REPORTED + Counter(train_offline=2, evaluate=2)


def test_a_new_method_reruns_nothing(project: Project) -> None:
    method = (project.path / "stages/clustering/em.py").read_text()
    (project.path / "stages/clustering/novel.py").write_text(method.replace('register("em"', 'register("novel"'))
    assert project.plan() == NOTHING


def test_a_new_recipe_and_agent_run_their_own_jobs_alone(project: Project) -> None:
    project.set("train_offline.bc_slow", {"like": "bc", "learning_rate": 1.0e-4})
    project.set("agents.bc_slow", {"offline": "bc_slow"})
    project.set("datasets.navigation.agents", ["bc", "td3_bc", "empo_single", "empo_unimproved", "empo",
                                               "empo_refreshed", "bc_slow"])  # fmt: skip
    assert project.plan() == REPORTED + Counter(train_offline=2, evaluate=2)


def test_added_seeds_run_the_new_block_alone(project: Project) -> None:
    project.set("seeds.count", 3)
    jobs = set(project.planned_jobs()) - {"summarise all seeds of all agents", "write the report"}
    assert all(job.endswith("seeds 2-2") for job in jobs)
    assert len(jobs) == sum((AFTER_DATA - REPORTED - Counter(bound=1)).values()) / 2 + OTHERS


def test_results_outlive_the_snakemake_folder(project: Project) -> None:
    shutil.rmtree(project.path / ".snakemake")
    assert project.plan() == NOTHING
    project.set("datasets.navigation.settings.evaluate.episodes", 3)
    assert project.plan() == REPORTED + Counter(evaluate=12)


def test_a_misspelt_key_stops_before_any_job(project: Project) -> None:
    project.edit("params.yaml", "noise:", "nois:")
    output = project.run("snakemake", succeeds=False)
    assert "error: params.yaml: datasets.navigation.generate.nois: unknown key. Did you mean 'noise'?" in output
    assert "Traceback" not in output and "Job" not in output


def test_a_damaged_file_is_refused(project: Project) -> None:
    file = "results/clusters/navigation/em/seeds-0-0.safetensors"
    (project.path / file).write_bytes(b"something else")
    output = project.run("snakemake", "--dry-run", succeeds=False)
    assert f"error: not the files that your results were computed from: {file}. Restore" in output
    (project.path / file).unlink()
    assert project.plan(file) == Counter(cluster_trajectories=1)
