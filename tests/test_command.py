"""The command line that stages share: what --help says, what it loads, and what stages load that need no torch."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from stages.algorithms import ALGORITHMS
from stages.clustering import CLUSTERING
from stages.command import Command, parse_settings
from stages.empo import IMPROVEMENT
from stages.errors import UserError
from stages.generators import GENERATORS
from stages.registry import Registry
from stages.reporting.settings import SummarySettings
from stages.safety import SAFETY

ROOT = Path(__file__).resolve().parents[1]
WITH_METHODS = {
    "generate_dataset": GENERATORS,
    "cluster_trajectories": CLUSTERING,
    "improve_clusters": IMPROVEMENT,
    "train_offline": ALGORITHMS,
    "train_safe": SAFETY,
}
COMMANDS = sorted(
    path.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__main__")
    for path in (*ROOT.glob("stages/*.py"), *ROOT.glob("stages/*/__main__.py"))
    if 'if __name__ == "__main__"' in path.read_text(encoding="utf-8")
)
# Each takes a tenth of a second or more to load, torch more than one.
HEAVY = ["torch", "sklearn", "scipy", "pandas", "matplotlib", "gymnasium", "mujoco"]
# What these need is loaded with them; of stages with methods, what the method needs.
WITHOUT_TORCH = [
    "stages.import_dataset",
    "stages.mix_datasets",
    "stages.bound",
    "stages.diagnose_clusters",
    "stages.export_clusters",
    "stages.generate_dataset",
    "stages.quote",
    "stages.report",
    "stages.summarise",
    "stages.tabulate",
    *(f"stages.generators.{name}" for name in ("gridworlds", "pathfollowing", "safe_navigation", "subgoals")),
    *(f"stages.formats.{name}" for name in ("d4rl", "dsrl", "minari.reading", "native", "npz")),
]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def loaded_by(code: str) -> subprocess.CompletedProcess[str]:
    """Run code, then print which of the heavy libraries are loaded."""
    return run("-c", f"import sys\n{code}\nprint(*(name for name in {HEAVY} if name in sys.modules))")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_loads_nothing_that_computes(command: str) -> None:
    code = f"import runpy; sys.argv = ['', '--help']\ntry: runpy.run_module('{command}', run_name='__main__')\n"
    done = loaded_by(f"{code}except SystemExit: pass")
    said, loaded = done.stdout.rsplit("\n", 2)[:2]
    assert said.startswith("usage: ") and not loaded, done.stderr


@pytest.mark.parametrize(("stage", "registry"), WITH_METHODS.items())
def test_help_names_the_methods_and_no_setting_of_them(stage: str, registry: Registry) -> None:
    said = run("-m", f"stages.{stage}", "--help").stdout
    assert f"  {', '.join(registry.names())}" in said
    assert "learning_rate" not in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('{"a": {"b": 1, "b": 2}}', "--settings: the key 'b' is written twice. Keep one of them"),
        (2000 * "[", "--settings: not JSON"),
        ('{"resamples": NaN}', "--settings: resamples: should be a finite number, not nan"),
        ("[1]", "--settings: should be a JSON object"),
    ],
)
def test_settings_that_would_be_guessed_at_are_refused(settings: str, said: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(said)}"):
        parse_settings(SummarySettings, settings)


@pytest.mark.parametrize(
    "error", [MemoryError(), MemoryError("8 EB"), RuntimeError("DefaultCPUAllocator: not enough memory: 8 EB\nat x")]
)
def test_too_little_memory_is_one_line(error: Exception) -> None:
    def main(output: str) -> None:
        raise error

    with pytest.raises(SystemExit, match=r"^error: there is not enough memory \(.*\)\. Use smaller sizes") as caught:
        Command("", {}, "nothing").run(main, ["--output", "a"])
    assert "\n" not in str(caught.value)


def test_help_with_a_method_prints_its_settings_and_no_other() -> None:
    done = run("-m", "stages.train_offline", "--help", "td3_bc")
    assert done.returncode == 0
    assert "settings with method 'td3_bc':\n" in done.stdout
    fields = ALGORITHMS.settings("td3_bc").model_fields
    assert all(
        f"  {name} = " in done.stdout and str(field.description) in done.stdout for name, field in fields.items()
    )
    assert "'bc'" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--help", "td3"], "error: unknown offline algorithm 'td3'. Did you mean 'td3_bc'?"),
        (["a", "-o", "b", "--settings", '{"method": "bcc"}'], "error: unknown offline algorithm 'bcc'. Did you mean"),
        (["a", "-o", "b", "--settings", "[1]"], "error: --settings: should be a JSON object, such as {}"),
        (["a", "-o", "b", "--settings", "{"], "error: --settings: not JSON: "),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str) -> None:
    done = run("-m", "stages.train_offline", *arguments)
    assert done.returncode == 1
    assert done.stderr.startswith(said) and len(done.stderr.splitlines()) == 1


def test_help_of_a_stage_without_methods_prints_its_settings() -> None:
    done = run("-m", "stages.bound", "--help")
    assert done.returncode == 0 and "settings:\n" in done.stdout and "  cell_size = " in done.stdout


@pytest.mark.parametrize("module", WITHOUT_TORCH)
def test_what_computes_nothing_with_torch_does_not_load_it(module: str) -> None:
    text = ROOT.joinpath(*module.split(".")).with_suffix(".py").read_text(encoding="utf-8")
    when_it_works = re.findall(r"^ +from (stages\.[\w.]+) import", text, re.MULTILINE)
    done = loaded_by(f"import {', '.join([module, *when_it_works])}")
    assert done.returncode == 0 and "torch" not in done.stdout.split(), done.stderr


@pytest.mark.parametrize("stage", ["cluster_trajectories", "mix_datasets", "diagnose_clusters", "export_clusters"])
def test_no_stage_writes_over_what_it_reads(stage: str, tmp_path: Path):
    read = tmp_path / "read.hdf5"
    read.write_bytes(b"precious")
    (tmp_path / "link.hdf5").symlink_to(read)
    inputs = [str(read)] * (2 if stage in ("diagnose_clusters", "export_clusters") else 1)
    said = {"cluster_trajectories": '{"method": "evidence"}', "mix_datasets": '{"sources": {"read": {}}}'}
    settings = ["--settings", said.get(stage, "{}")]
    done = run("-m", f"stages.{stage}", *inputs, "--output", str(tmp_path / "link.hdf5"), *settings)
    assert done.returncode == 1 and "link.hdf5: is an input as well" in done.stderr
    assert read.read_bytes() == b"precious"
