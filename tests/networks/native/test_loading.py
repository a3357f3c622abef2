import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from stages.networks.native import loading as module
from stages.networks.native.build import COMPILERS, BuildFailed
from stages.networks.native.loading import describe, library, switch_off

ROOT = Path(__file__).parents[3]


@pytest.fixture
def fresh():
    """As in a process that has not asked for the library yet."""
    module._loaded.cache_clear()
    yield
    module._loaded.cache_clear()


def failing(reason):
    def built_library():
        raise BuildFailed(reason)

    return built_library


@pytest.mark.skipif(not any(map(shutil.which, COMPILERS)), reason="no C++ compiler")
def test_where_there_is_a_compiler_there_is_a_library(native):
    assert library() is native
    assert describe().startswith("native (vectors of ")


def test_can_be_switched_off_and_on(native):
    switch_off()
    try:
        assert library() is None
        assert describe() == "torch"
    finally:
        switch_off(False)
    assert library() is native


def test_without_a_library_torch_computes_and_one_line_says_so(fresh, monkeypatch, capsys):
    monkeypatch.setattr(module, "built_library", failing("no C++ compiler"))
    assert library() is None
    assert library() is None
    assert capsys.readouterr().err == "networks: torch (no C++ compiler)\n"
    assert describe() == "torch"


def test_the_environment_switches_it_off(fresh, monkeypatch, capsys):
    monkeypatch.setenv("UNMIX_NATIVE", "false")
    monkeypatch.setattr(module, "built_library", failing("not to be asked for"))
    assert library() is None
    assert capsys.readouterr().err == "networks: torch (switched off)\n"


def test_one_line_says_that_it_is_used(fresh, capsys):
    assert library() is library()
    assert capsys.readouterr().err == "networks: native (checked against autograd)\n"


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_the_first_use_may_be_without_gradients(fresh, mode):
    with mode():
        assert library() is not None


def test_a_library_that_is_none_is_not_used(fresh, monkeypatch, capsys, tmp_path):
    (tmp_path / "some.so").write_text("no library")
    monkeypatch.setattr(module, "built_library", lambda: tmp_path / "some.so")
    assert library() is None
    assert "cannot be loaded" in capsys.readouterr().err


@pytest.mark.parametrize("error", [1e-4, float("nan")])
def test_a_library_that_computes_something_else_is_not_used(fresh, monkeypatch, capsys, error):
    monkeypatch.setattr(module, "largest_error", lambda found: error)
    assert library() is None
    assert "autograd's gradients" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() != "x86_64", reason="names of x86 instruction sets")
@pytest.mark.parametrize(("instructions", "lanes"), [("x86-64-v3", 8), ("x86-64", 4)])
def test_narrower_vectors_compute_the_same(monkeypatch, instructions, lanes):
    script = "from stages.networks.native.loading import describe; print(describe())"
    monkeypatch.setenv("UNMIX_ARCH", instructions)
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout == f"native (vectors of {lanes} floats)\n", run.stderr
