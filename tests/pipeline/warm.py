"""Snakemake started from a process that has loaded what it imports, which is most of what a plan takes.

A plan takes 3.0 CPU seconds, and 0.9 where Snakemake, torch and the like are there already. One process loads those and
forks for each command. The project's code, which tests edit, it leaves alone: that is loaded anew every time.

Run as a program it takes requests from its input, a line of JSON each, and answers with the exit code.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

LOADED = ("snakemake.api", "snakemake.report.html_reporter", "torch", "scipy.special", "h5py", "rich.progress")
LONGEST = 1800  # seconds that a command may take


class WarmSnakemake:
    """Runs `snakemake` as if it had been typed."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: Sequence[str], folder: Path, environment: dict[str, str]) -> tuple[int, str]:
        """Exit code, and output with errors, of `snakemake` typed in a folder."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with tempfile.NamedTemporaryFile() as output:
            request = {"arguments": list(arguments), "folder": str(folder), "environment": environment}
            print(json.dumps(request | {"output": output.name}), file=self._process.stdin, flush=True)
            return int(self._process.stdout.readline()), Path(output.name).read_text()


def serve() -> None:
    """Answer requests until there are no more."""
    for module in LOADED:
        importlib.import_module(module)
    main = entry_points(group="console_scripts")["snakemake"].load()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            sys.exit(become(main, **json.loads(line)))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def become(main: Callable[[], Any], arguments: list[str], folder: str, environment: dict[str, str], output: str) -> Any:
    """Do as a new process of this command would."""
    signal.alarm(LONGEST)
    for stream, name, mode in ((0, os.devnull, os.O_RDONLY), (1, output, os.O_WRONLY | os.O_APPEND)):
        os.dup2(os.open(name, mode), stream)
    os.dup2(1, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    tools = Path(sys.executable).parent
    sys.argv, sys.path[0] = [str(tools / "snakemake"), *arguments], str(tools)
    return main()


if __name__ == "__main__":
    serve()
