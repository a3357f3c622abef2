"""Memory that jobs may take."""

from __future__ import annotations

from types import SimpleNamespace

from stages.params.memory import CUDA_MB, Memory, may_use_cuda
from stages.params.recipes import Recipes
from stages.params.schema import load
from stages.params.stages import STAGES
from stages.params.targets import Targets
from tests.pipeline.project import ROOT


def test_memory_grows_with_what_is_read_and_a_gpu_takes_some_more():
    memory = Memory(base=500.0, per_mb=6.0)
    assert memory.needed(0.0) == 500
    assert memory.needed(100.0) == 1100
    assert memory.needed(100.0, cuda=True) == 1100 + CUDA_MB


def test_a_million_steps_of_17_and_6_numbers_train_below_2_gb():
    megabytes = 1e6 * (17 + 6 + 1 + 17) * 4 / 1e6
    for stage in ("train_offline", "train_critics", "train_high_level", "improve_clusters", "cluster_trajectories"):
        assert STAGES[stage].memory.needed(megabytes) < 2000


def test_rules_ask_for_what_their_input_needs_and_trainings_elsewhere_for_a_gpu():
    targets = Targets(Recipes(*load([ROOT / "params.yaml"])))
    files, elsewhere = SimpleNamespace(size_mb=50.0), SimpleNamespace(local_exec=False)
    asked = targets.memory("train_offline")(None, files)
    assert asked == STAGES["train_offline"].memory.needed(50.0)
    assert targets.memory("train_offline", elsewhere)(None, files) == asked + CUDA_MB
    assert not may_use_cuda("cpu", here=False)
