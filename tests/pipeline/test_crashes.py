"""A run that was killed goes on where it stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from tests.pipeline.project import Project, environment

pytestmark = pytest.mark.slow

TARGET = "results/high_level/navigation/em/seeds-0-1.safetensors"


def test_a_killed_run_is_unlocked_and_resumed(project: Project) -> None:
    project.set("datasets.navigation.settings.train_high_level.num_steps", 100_000)
    before = (project.path / TARGET).read_bytes()
    kill_while_training(project)
    assert not (project.path / TARGET).exists() or (project.path / TARGET).read_bytes() == before
    assert "lock" in project.run("snakemake", TARGET, succeeds=False).lower()

    project.set("datasets.navigation.settings.train_high_level.num_steps", 300)
    project.run("snakemake", "--unlock")
    assert "1 of 1 steps (100%) done" in project.run("snakemake", TARGET)
    assert (project.path / TARGET).read_bytes() != before


def kill_while_training(project: Project) -> None:
    """Start Snakemake, and kill it and its jobs once training is on."""
    log = project.path / "logs/high_level/navigation/em/seeds-0-1.log"
    log.unlink()
    run = subprocess.Popen(
        ["snakemake", TARGET], cwd=project.path, env=environment(), start_new_session=True, stderr=subprocess.DEVNULL
    )
    started = time.monotonic()
    while not log.exists() and run.poll() is None and time.monotonic() - started < 600:
        time.sleep(0.1)
    assert log.exists(), "training has not begun"
    time.sleep(5)
    assert run.poll() is None, "the run ended before it could be killed"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
