"""What a Python process of its own costs."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

CODE = (
    "import resource, subprocess, sys; done = subprocess.run([sys.executable, *sys.argv[1:]], "
    "stdout=subprocess.DEVNULL, check=True); used = resource.getrusage(resource.RUSAGE_CHILDREN); "
    "print(used.ru_maxrss * 1024, used.ru_utime + used.ru_stime)"
)


class Cost(NamedTuple):
    """Peak resident memory in bytes and CPU seconds, those of its children included."""

    memory: float
    seconds: float


def measured(*arguments: str) -> Cost:
    """Of ``python *arguments``, whose output is thrown away.

    Raises:
        CalledProcessError: It failed; its errors are on the terminal.
    """
    printed = subprocess.run([sys.executable, "-c", CODE, *arguments], stdout=subprocess.PIPE, text=True, check=True)
    memory, seconds = printed.stdout.split()[-2:]
    return Cost(float(memory), float(seconds))
