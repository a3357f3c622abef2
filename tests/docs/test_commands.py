"""What the pages tell a reader to type has to exist."""

from __future__ import annotations

import itertools
import re
import subprocess
import sys

import pytest
import yaml

from stages import paths
from tests.docs.pages import ROOT, commands, texts

PARAMS = "stages.params"
PLACES = [place for place in vars(paths).values() if isinstance(place, paths.Place)]


def run(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)


def targets_and_overlays(words: list[str]) -> tuple[list[str], list[str]]:
    """As Snakemake reads them: all words up to the next option belong to ``--configfile``."""
    if "--configfile" not in words:
        return words[:1] if words and not words[0].startswith("-") else [], []
    at = words.index("--configfile")
    overlays = [*itertools.takewhile(lambda word: not word.startswith("-"), words[at + 1 :])]
    return [word for word in words[:at] if not word.startswith("-")], overlays


def typed_in_profiles() -> list[list[str]]:
    """The commands in the head comments of the overlays."""
    heads = texts("profiles/*.yaml")
    return [line.split() for head in heads for line in re.findall(r"^#   snakemake (.*)$", head, re.MULTILINE)]


def test_targets_and_files_given_to_snakemake_exist():
    rules = re.findall(r"^rule (\w+):", "".join(texts("Snakefile", "stages/rules/*.smk")), re.MULTILINE)
    read = [targets_and_overlays(words) for words in commands("snakemake") + typed_in_profiles()]
    targets = [target for found, _ in read for target in found]
    overlays = [overlay for _, found in read for overlay in found]
    assert overlays and [overlay for overlay in overlays if not (ROOT / overlay).is_file()] == []
    files = [target for target in targets if target not in rules]
    assert files and [file for file in files if not any(place.read(file) for place in PLACES)] == []


def test_profiles_given_to_snakemake_exist():
    profiles = [words[1] for words in commands("snakemake") if words[:1] == ["--workflow-profile"]]
    assert profiles and all((ROOT / profile / "config.yaml").is_file() for profile in profiles)


def test_make_has_the_targets_that_are_named():
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {words[0] for words in commands("make") if words} <= set(targets)


@pytest.mark.parametrize("module", sorted({words[1] for words in commands("python") if words[0] == "-m"} - {PARAMS}))
def test_modules_that_are_named_can_be_run(module):
    done = run(module, "--help")
    assert done.returncode == 0, done.stderr
    typed = [words[2:] for words in commands("python") if words[:2] == ["-m", module]]
    options = {word for words in typed for word in words if word.startswith("--")}
    assert done.stdout and {option for option in options if option not in done.stdout} == set()


@pytest.mark.parametrize("arguments", [words[2:] for words in commands("python") if words[:2] == ["-m", PARAMS]])
def test_params_can_be_printed(arguments):
    done = run(PARAMS, *arguments)
    assert done.returncode == 0 and yaml.safe_load(done.stdout), done.stderr


def test_settings_in_an_experiment_exist():
    named = [words[words.index("-S") + 1] for words in commands("dvc") if "-S" in words]
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert named
    for setting in named:
        at = values
        for key in setting.partition("=")[0].split("."):
            assert key in at, setting
            at = at[key]
