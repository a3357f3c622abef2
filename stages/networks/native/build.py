"""Building the native library with the system's C++ compiler: once per source, flags and processor.

The library is a plain shared object, `<key>-<digest>.so` in a cache folder: the key says what it was made from, the
digest what it contains, so that a damaged or half-written file is not loaded. `UNMIX_CACHE` names another cache folder,
`CXX` another compiler, `UNMIX_ARCH` another instruction set than this processor's best (as `x86-64-v3`, AVX2).
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SOURCES = Path(__file__).parent
COMPILERS = ("c++", "g++", "clang++")
# Contractions to fused multiply-adds, but no reordering of sums and no assumption that numbers are finite.
FLAGS = "-std=c++17 -O3 -shared -fPIC -fopenmp-simd -ffp-contract=fast -fno-math-errno -fno-trapping-math".split()
LONGEST_BUILD = 300.0


class BuildFailed(Exception):
    """There is no library; the text says why, in one line."""


def built_library() -> Path:
    """The library for this processor, from the cache or built now.

    Raises:
        BuildFailed: No compiler, a compiler that fails, or a cache folder that cannot be written.
    """
    command = compiler_command()
    folder, key = cache_folder(), _key(command)
    try:
        if found := _cached(folder, key):
            return found
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _locked(folder / f"{key}.lock"):
            return _cached(folder, key) or _build(command, folder, key)
    except OSError as error:
        raise BuildFailed(f"{folder}: {error.strerror or error}; UNMIX_CACHE names another folder") from None


def cache_folder() -> Path:
    """Where libraries are kept."""
    chosen, user = os.environ.get("UNMIX_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(chosen) if chosen else Path(user or Path.home() / ".cache") / "unmix"


def compiler_command() -> list[str]:
    """The compiler with all flags but those that name files; its name alone where none was found."""
    machine = platform.machine().lower()
    option = "-mcpu" if machine in {"arm64", "aarch64"} else "-march"
    chosen = shlex.split(os.environ.get("CXX", "")) or [next(filter(shutil.which, COMPILERS), COMPILERS[0])]
    return [*chosen, *FLAGS, f"{option}={os.environ.get('UNMIX_ARCH') or 'native'}"]


def _key(command: list[str]) -> str:
    sources = sorted([*SOURCES.glob("*.h"), *SOURCES.glob("*.cpp")])
    parts = [shlex.join(command), _processor(), *(f"{path.name}\n{path.read_text()}" for path in sources)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The processor's name and instruction sets, where the system tells."""
    try:
        lines = Path("/proc/cpuinfo").read_text().split("\n\n")[0].splitlines()
    except OSError:
        lines = []
    telling = ("model name", "flags", "Features", "CPU implementer", "CPU part")
    return "\n".join([platform.machine(), platform.processor(), *(line for line in lines if line.startswith(telling))])


def _cached(folder: Path, key: str) -> Path | None:
    for path in sorted(folder.glob(f"{key}-*.so")):
        if path.stem == f"{key}-{_digest(path)}":
            return path
    return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def _build(command: list[str], folder: Path, key: str) -> Path:
    with tempfile.TemporaryDirectory(dir=folder, prefix="building-") as name:
        library = Path(name, "library.so")
        whole = [*command, "-o", str(library), str(SOURCES / "native.cpp")]
        try:
            run = subprocess.run(whole, capture_output=True, text=True, check=False, timeout=LONGEST_BUILD)
        except FileNotFoundError:
            raise BuildFailed(f"no C++ compiler ({command[0]} was not found)") from None
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BuildFailed(f"the compiler {command[0]} could not be run ({error})") from None
        if run.returncode != 0 or not library.is_file():
            reasons = [line for line in run.stderr.splitlines() if "error" in line] or run.stderr.splitlines()
            raise BuildFailed(f"the compiler {command[0]} failed: {reasons[0].strip() if reasons else 'no message'}")
        path = folder / f"{key}-{_digest(library)}.so"
        os.replace(library, path)
        return path


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Wait for other processes that build the same; where locks are not to be had, each builds, the last one stays."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    with open(path, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:
            pass
        yield
