"""A change makes exactly those jobs run again that depend on it."""

from __future__ import annotations

import os
import shutil
from collections import Counter

import pytest

from tests.pipeline.project import NOTHING, Project

pytestmark = pytest.mark.slow

ALIKE = ("em", "em_plain", "em_single")  # clustering recipes that are `like: em`, and it


def test_a_finished_run_leaves_nothing_to_do(project: Project) -> None:
    assert project.plan() == NOTHING
    assert (project.path / "results/report.html").stat().st_size > 10_000
    assert "navigation" in (project.path / "results/headline.txt").read_text()
    assert not list((project.path / ".checkpoints").rglob("*.safetensors"))


def test_records_hold_what_the_plan_compares(project: Project) -> None:
    """Snakemake's record format is its own affair: this fails if an upgrade changes what `untrusted` reads."""
    assert (project.path / ".snakemake/metadata").readlink().as_posix() == "../results/.provenance"
    records = project.records()
    files = [file for folder in ("data/generated", "results") for file in (project.path / folder).rglob("*")]
    made = {file.relative_to(project.path).as_posix() for file in files if file.is_file()}
    assert records.keys() == {path for path in made if ".provenance" not in path and not path.endswith(".gitignore")}
    assert {record["record_format_version"] for record in records.values()} == {6}
    critics = next(record for record in records.values() if record["rule"] == "train_critics")
    assert any('"q_steps": 200' in value for value in critics["params"])
    assert len(critics["params"]) == 2
    assert set(critics["input_checksums"]) == set(critics["input"])
    assert all(checksum.rpartition(":")[2].isalnum() for checksum in critics["input_checksums"].values())
    assert {"endtime", "incomplete"} <= set(critics)


def test_a_setting_of_one_stage_reruns_it_and_what_follows(project: Project) -> None:
    project.set("datasets.navigation.settings.train_high_level.n_step", 2)
    assert project.plan() == project.after("results/high_level/navigation/")


def test_a_shared_setting_reruns_every_recipe_that_is_like_it(project: Project) -> None:
    project.set("datasets.navigation.settings.cluster_trajectories.em.batch_size", 128)
    assert project.plan() == project.after(*(f"results/clusters/navigation/{name}/" for name in ALIKE))


def test_a_discount_in_the_preset_reruns_its_stage(project: Project) -> None:
    project.set("presets.didactic.train_critics.discount", 0.9)
    assert project.plan() == project.after("results/critics/navigation/")


def test_a_setting_of_one_recipe_leaves_the_others(project: Project) -> None:
    project.set("cluster_trajectories.em_plain.momentum", 0.5)
    assert project.plan() == project.after("results/clusters/navigation/em_plain/")


def test_a_setting_of_the_dataset_reruns_everything_made_of_it(project: Project) -> None:
    project.set("datasets.navigation.generate.noise", 0.05)
    assert project.plan() == project.after("data/generated/navigation.hdf5")


def test_swapped_values_are_a_change(project: Project) -> None:
    """Snakemake itself compares params as a set of values, without their names."""
    keys = "datasets.navigation.settings.cluster_trajectories.em"
    smoke = project.params()["datasets"]["navigation"]["settings"]["cluster_trajectories"]["em"]
    assert smoke["em_epochs"] != smoke["bias_epochs"]
    project.set(keys, {"em_epochs": smoke["bias_epochs"], "bias_epochs": smoke["em_epochs"]})
    assert project.plan("results/clusters/navigation/em/seeds-0-1.safetensors") == Counter(cluster_trajectories=1)


def test_edits_that_change_no_result_rerun_nothing(project: Project) -> None:
    stage, method, library = "stages/train_critics.py", "stages/clustering/em.py", "stages/training/expectile.py"
    project.append(stage, "\n# a comment\n")
    project.edit(method, '"""EM clustering', '"""A docstring. EM clustering')
    project.edit(library, "\nfrom ", "\n\n\nfrom ")
    project.append("Snakefile", "\n# a comment\n")
    project.append("stages/rules/empo.smk", "\n# a comment\n")
    project.append("params.yaml", "\n# a comment\n")
    project.set("device", "cpu")
    project.set("native", False)
    shutil.copy(project.path / "stages/training/expectile.py", project.path / "stages/training/unrelated.py")
    os.utime(project.path / stage)
    os.utime(project.path / "data/generated/navigation.hdf5")
    assert project.plan() == NOTHING


def test_an_edited_stage_reruns(project: Project) -> None:
    project.append("stages/train_high_level.py", "\nEDITED = True\n")
    assert project.plan() == project.after("results/high_level/")


def test_an_edited_library_module_reruns_every_stage_that_imports_it(project: Project) -> None:
    """Also where the edit is older than the results, as after unpacking an archive."""
    project.append("stages/training/expectile.py", "\nEDITED = True\n")
    os.utime(project.path / "stages/training/expectile.py", (0, 0))
    assert project.plan() == project.after("results/high_level/")


def test_an_edited_method_reruns_its_own_recipes_alone(project: Project) -> None:
    project.append("stages/algorithms/td3_bc.py", "\nEDITED = True\n")
    assert project.plan() == project.after("results/offline/navigation/td3_bc/")


def test_a_new_method_reruns_nothing(project: Project) -> None:
    method = (project.path / "stages/clustering/em.py").read_text()
    (project.path / "stages/clustering/novel.py").write_text(method.replace('register("em"', 'register("novel"'))
    assert project.plan() == NOTHING


def test_a_new_recipe_and_agent_run_their_own_jobs_alone(project: Project) -> None:
    project.set("train_offline.bc_slow", {"like": "bc", "learning_rate": 1.0e-4})
    project.set("agents.bc_slow", {"offline": "bc_slow"})
    agents = project.params()["datasets"]["navigation"]["agents"]
    project.set("datasets.navigation.agents", [*agents, "bc_slow"])
    assert project.plan() == project.after("results/offline/navigation/bc/")  # as many jobs as the other one has


def test_added_seeds_run_the_new_block_alone(project: Project) -> None:
    project.set("seeds.count", 3)
    project.set("clustering_seeds.count", 3)
    project.set("baseline_seeds.count", 3)
    jobs = set(project.planned_jobs()) - {"summarise all seeds of all agents", "write the report"}
    assert all(job.endswith("seeds 2-2") for job in jobs)
    assert len(jobs) == sum("seeds-0-1" in path for path in project.records())


def test_results_outlive_the_snakemake_folder(project: Project) -> None:
    shutil.rmtree(project.path / ".snakemake")
    assert project.plan() == NOTHING
    project.set("datasets.navigation.settings.evaluate.episodes", 3)
    assert project.plan() == project.after("results/evaluation/navigation/")


def test_a_misspelt_key_stops_before_any_job(project: Project) -> None:
    project.edit("params.yaml", "noise:", "nois:")
    output = project.run("snakemake", succeeds=False)
    assert "error: params.yaml: datasets.navigation.generate.nois: unknown key. Did you mean 'noise'?" in output
    assert "Traceback" not in output and "Job" not in output


def test_a_damaged_file_is_refused(project: Project) -> None:
    file = "results/clusters/navigation/em/seeds-0-1.safetensors"
    (project.path / file).write_bytes(b"something else")
    output = project.run("snakemake", "--dry-run", succeeds=False)
    assert f"error: not the files that your results were computed from: {file}. Restore" in output
    (project.path / file).unlink()
    assert project.plan(file) == Counter(cluster_trajectories=1)
