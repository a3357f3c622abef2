import subprocess
import sys
from pathlib import Path

import pytest

from stages.networks.native import build
from stages.networks.native.build import BuildFailed, built_library

ROOT = Path(__file__).parents[3]
# Stands for a compiler: notes that it was called and writes something where the library should be.
FAKE = """#!/bin/sh
echo called >> "{calls}"
sleep {seconds}
while [ "$1" != -o ]; do shift; done
echo library > "$2"
"""


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    folder = tmp_path / "cache"
    monkeypatch.setenv("UNMIX_CACHE", str(folder))
    return folder


@pytest.fixture
def calls(tmp_path, monkeypatch) -> Path:
    """A fake compiler is set up; the file it notes its calls in."""
    return fake_compiler(tmp_path, monkeypatch)


def fake_compiler(tmp_path, monkeypatch, seconds: float = 0) -> Path:
    compiler, calls = tmp_path / "compiler", tmp_path / "calls"
    compiler.write_text(FAKE.format(calls=calls, seconds=seconds))
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    return calls


def count(calls: Path) -> int:
    return len(calls.read_text().splitlines())


def test_builds_once_and_then_takes_it_from_the_cache(cache, calls):
    first = built_library()
    assert first.parent == cache
    assert first.read_text() == "library\n"
    assert built_library() == first
    assert count(calls) == 1
    assert not list(cache.glob("building-*"))


def test_a_half_written_library_is_built_again(cache, calls):
    built_library().write_text("libr")
    assert built_library().read_text() == "library\n"
    assert count(calls) == 2


@pytest.mark.parametrize("change", ["processor", "flags", "source"])
def test_another_processor_flag_or_source_means_another_library(cache, calls, monkeypatch, tmp_path, change):
    first = built_library()
    if change == "processor":
        monkeypatch.setattr(build, "_processor", lambda: "another")
    elif change == "flags":
        monkeypatch.setenv("UNMIX_ARCH", "x86-64-v3")
    else:
        sources = tmp_path / "sources"
        sources.mkdir()
        for path in build.SOURCES.glob("*.h"):
            (sources / path.name).write_text(path.read_text() + "// changed\n")
        monkeypatch.setattr(build, "SOURCES", sources)
    assert built_library() != first
    assert count(calls) == 2


def test_two_jobs_at_once_build_once(cache, tmp_path, monkeypatch):
    calls = fake_compiler(tmp_path, monkeypatch, seconds=0.5)
    script = "from stages.networks.native.build import built_library; print(built_library())"
    jobs = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]
    assert len({job.communicate()[0] for job in jobs}) == 1
    assert all(job.returncode == 0 for job in jobs)
    assert count(calls) == 1


def test_a_failing_compiler_is_quoted(cache, tmp_path, monkeypatch):
    compiler = tmp_path / "compiler"
    compiler.write_text("#!/bin/sh\necho In file included from >&2\necho x.h:3: error: no such thing >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    with pytest.raises(BuildFailed, match=r"compiler failed: x\.h:3: error: no such thing$"):
        built_library()
    assert not list(cache.glob("*.so"))


def test_no_compiler(cache, monkeypatch):
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BuildFailed, match=r"no C\+\+ compiler"):
        built_library()


def test_a_library_in_the_cache_needs_no_compiler(cache, calls, monkeypatch, tmp_path):
    first = built_library()
    (tmp_path / "compiler").unlink()
    assert built_library() == first


def test_a_cache_that_cannot_be_written(tmp_path, calls, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("UNMIX_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(BuildFailed, match="UNMIX_CACHE"):
        built_library()


def test_cache_folder_follows_the_desktop_convention(monkeypatch):
    monkeypatch.delenv("UNMIX_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert build.cache_folder() == Path("/somewhere/unmix")
