"""What the README tells a reader to type has to exist."""

import itertools
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from stages.params.recipes import Recipes
from stages.params.schema import load, overlaid

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
SNAKEFILE = (ROOT / "Snakefile").read_text()
COMMANDS = re.findall(r"`((?:snakemake|python|dvc|git|make)\b[^`]*)`", README)


def commands(program: str) -> list[list[str]]:
    """The arguments of every use of `program`."""
    pieces = [piece for command in COMMANDS for piece in re.split(r" && | \\?\| ", command)]
    return [words[1:] for words in map(shlex.split, pieces) if words and words[0] == program]


def targets_and_overlays(words: list[str]) -> tuple[list[str], list[str]]:
    """As Snakemake reads them: all words up to the next option belong to ``--configfile``."""
    if "--configfile" not in words:
        return words[:1] if words and not words[0].startswith("-") else [], []
    at = words.index("--configfile")
    overlays = [*itertools.takewhile(lambda word: not word.startswith("-"), words[at + 1 :])]
    return [word for word in words[:at] if not word.startswith("-")], overlays


def typed_in_profiles() -> list[list[str]]:
    """The commands in the head comments of the overlays."""
    heads = [path.read_text() for path in (ROOT / "profiles").glob("*.yaml")]
    return [line.split() for head in heads for line in re.findall(r"^#   snakemake (.*)$", head, re.MULTILINE)]


def test_targets_and_files_given_to_snakemake_exist():
    rules = re.findall(r"^rule (\w+):", SNAKEFILE, re.MULTILINE)
    read = [targets_and_overlays(words) for words in commands("snakemake") + typed_in_profiles()]
    targets = [target for own, _ in read for target in own]
    overlays = [overlay for _, own in read for overlay in own]
    assert overlays and all((ROOT / overlay).is_file() for overlay in overlays)
    assert targets and all(target in rules or target.startswith("results/") for target in targets)
    profiles = [words[1] for words in commands("snakemake") if words[:1] == ["--workflow-profile"]]
    assert profiles and all((ROOT / profile / "config.yaml").is_file() for profile in profiles)


def test_make_has_the_targets_that_are_named():
    targets = re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert {words[0] for words in commands("make") if words} <= set(targets)


@pytest.mark.parametrize("module", sorted({words[1] for words in commands("python") if words[0] == "-m"}))
def test_modules_that_are_named_can_be_run(module):
    arguments = ["--help"] if module != "stages.params" else []
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_links_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", README) if not link.startswith("http")]
    assert links and [link for link in links if not (ROOT / link).exists()] == []


def test_the_dataset_of_your_own_is_valid_params(tmp_path, monkeypatch):
    """The block that a reader copies from the README, with files of these names in place."""
    (block,) = (text for text in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "import:" in text)
    datasets = yaml.safe_load(block)
    monkeypatch.chdir(tmp_path)
    for file in datasets["hopper"]["import"]["files"]:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    params = overlaid(yaml.safe_load((ROOT / "params.yaml").read_text()), {"datasets": datasets})
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(params))
    recipes = Recipes(*load([tmp_path / "params.yaml"]))
    assert recipes.params.datasets["hopper"].environment == "Hopper-v4"


def test_settings_in_an_experiment_exist():
    named = [words[words.index("-S") + 1] for words in commands("dvc") if "-S" in words]
    values = yaml.safe_load((ROOT / "params.yaml").read_text())
    for setting in named:
        at = values
        for key in setting.partition("=")[0].split("."):
            assert key in at, setting
            at = at[key]
