"""Files that have to agree with each other: profiles, dvc.yaml, the Snakefile and the code."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
import yaml

from stages import paths
from stages.params.recipes import Recipes
from stages.params.schema import load
from stages.provenance import imported_modules
from tests.pipeline.project import ROOT, Project

pytestmark = pytest.mark.slow

WORKFLOW = [ROOT / "Snakefile", *sorted((ROOT / "stages/rules").glob("*.smk"))]
STAGES = [name for file in WORKFLOW for name in re.findall(r"python -m (stages\.\w+)", file.read_text())]
PROFILES = sorted(path.parent.name for path in (ROOT / "profiles").glob("*/config.yaml"))


def profile(name: str) -> dict:
    return yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_keeps_what_correct_reruns_need(name: str) -> None:
    found = profile(name)
    assert found["rerun-incomplete"] is True
    assert found["max-checksum-file-size"] >= 10**12
    assert found["show-failed-logs"] is True
    assert name == "default" or "gpu" not in found.get("resources", {}), "would limit the whole cluster"


def test_plain_snakemake_knows_how_many_jobs_may_train() -> None:
    assert profile("default")["cores"] == "all"
    assert "gpu" in profile("default")["resources"]


@pytest.mark.parametrize("name", ["smoke", "offline_rl", "paper"])
def test_overlays_hold_valid_params(name: str) -> None:
    Recipes(*load([ROOT / "params.yaml", ROOT / "profiles" / f"{name}.yaml"]))


def test_the_overlay_of_one_s_own_files_holds_valid_params(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are looked for where the command is typed; those of D4RL are nobody's to pass on."""
    overlay, study = ROOT / "profiles/real_d4rl.yaml", ROOT / "profiles/c4_study.yaml"
    datasets = yaml.safe_load(overlay.read_text())["datasets"]
    for file in {file for dataset in datasets.values() for file in dataset["import"]["files"]}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    found = Recipes(*load([ROOT / "params.yaml", overlay]))
    assert set(found.params.offline_comparison) == {*datasets, "hopper-medium-expert-10k"}
    varied = Recipes(*load([ROOT / "params.yaml", overlay, study]))
    cell = varied.job("train_offline", "d4rl-hopper-medium-expert", "c4_iql_k10").settings
    assert (cell["num_clusters"], cell["host"]["method"], cell["host"]["num_steps"]) == (10, "iql", 5000)


def test_dvc_keeps_every_output() -> None:
    kept = {path for out in workflow()["outs"] for path in (out if isinstance(out, dict) else [out])}
    places = [place for place in vars(paths).values() if isinstance(place, paths.Place)]
    written = re.compile(r'^ {8}(?:\w+=)?"((?:results|data)/[^"]+)"', re.MULTILINE)
    outputs = places + [path for file in WORKFLOW for path in written.findall(file.read_text())]
    assert len(outputs) > 10
    assert [output for output in outputs if not output.startswith(tuple(f"{path}/" for path in kept))] == []
    assert all(list(out.values()) == [{"persist": True}] for out in workflow()["outs"])


def test_dvc_depends_on_all_code_that_stages_import() -> None:
    assert len(STAGES) >= 11
    depends = [ROOT / path for path in workflow()["deps"]]
    for stage in STAGES:
        for module in imported_modules(stage):
            file = ROOT.joinpath(*module.split("."))
            assert any(file.is_relative_to(path) for path in depends), f"{stage} imports {module}"


def test_every_job_says_how_much_memory_it_may_take() -> None:
    rules = [rule for file in WORKFLOW for rule in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]]
    jobs = [rule for rule in rules if re.search(r"^    shell:", rule, re.MULTILINE)]
    assert len(jobs) >= len(STAGES) - 1
    for job in jobs:
        (stage,) = re.findall(r'\*\*stage\("(\w+)"', job)
        where = ", workflow" if "gpu=1" in job else ""
        assert f'mem_mb=memory("{stage}"{where}),' in job, job.partition(":")[0]


def test_rules_are_formatted() -> None:
    command = [sys.executable, "-m", "snakefmt", "--check", "--line-length", "120", *map(str, WORKFLOW)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_lint_has_only_the_known_remark(project: Project) -> None:
    """Rules run in the environment that Snakemake runs in: no rule declares one of its own."""
    output = project.run("snakemake", "--lint", succeeds=False)
    remarks = set(re.findall(r"^    \* (.*?):?$", output, re.MULTILINE))
    assert remarks == {"Specify a conda environment or container for each rule."}


def workflow() -> dict:
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]["workflow"]
