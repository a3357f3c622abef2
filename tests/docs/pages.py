"""The pages that a reader sees, and what they tell the reader to type."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for pattern in ("*.md", "docs/*.md", "docs/decisions/*.md", "data/*.md", "benchmarks/*.md")
    for path in sorted(ROOT.glob(pattern))
}
PROGRAMS = ("snakemake", "python", "dvc", "git", "make", "pytest", "ruff", "pip", "cp", "cd")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[str, str]]:
    """Page and text of every fenced block of a language."""
    return [(page, text) for page, whole in PAGES.items() for kind, text in FENCE.findall(whole) if kind == language]


def inline(page: str) -> list[str]:
    """What stands between single backticks."""
    return [" ".join(text.split()) for text in re.findall(r"`([^`]+)`", FENCE.sub("", PAGES[page]))]


def commands(program: str) -> list[list[str]]:
    """The arguments of every use of `program`, in a sentence, in a table or in a block of shell lines."""
    lines = [text for page in PAGES for text in inline(page)]
    lines += [line for _, text in blocks("sh") for line in text.splitlines()]
    pieces = [piece for line in lines if line.split()[0] in PROGRAMS for piece in re.split(r" && | \\?\| ", line)]
    return [words[1:] for words in map(shlex.split, pieces) if words and words[0] == program]


def texts(*patterns: str) -> list[str]:
    """Contents of the project's files of these names."""
    return [path.read_text(encoding="utf-8") for pattern in patterns for path in sorted(ROOT.glob(pattern))]
