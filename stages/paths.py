"""Where results lie: every path once, as a template that is filled in and read back.

    CLUSTERS.format(dataset="navigation", clustering="em", block="0-4")    the path
    CLUSTERS.read("results/clusters/navigation/em/seeds-0-4.safetensors")  {"dataset": "navigation", ...}

Logs and Snakemake's benchmarks mirror results: ``logs/<as below results>.log`` and ``.tsv``.
"""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path


class Place(str):
    """Template of a path with ``{wildcards}``; a wildcard never spans a slash."""

    @cached_property
    def wildcards(self) -> list[str]:
        """Their names, in the order of the path."""
        return re.findall(r"\{(\w+)\}", self)

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{(\w+)\}", self.partition("/")[2])
        return re.compile("".join(f"(?P<{part}>[^/]+)" if i % 2 else re.escape(part) for i, part in enumerate(parts)))

    def read(self, path: Path | str) -> dict[str, str] | None:
        """The wildcards of a path that follows the template; None of any other.

        The top folder does not count, so that results that were moved elsewhere are recognised, too.
        """
        found = self._pattern.fullmatch("/".join(Path(path).parts[-self.count("/") :]))
        return None if found is None else found.groupdict()

    @property
    def log(self) -> Place:
        """Where the job that makes it writes its log."""
        return self._mirrored(".log")

    @property
    def benchmark(self) -> Place:
        """Where Snakemake writes the job's time and memory."""
        return self._mirrored(".tsv")

    def _mirrored(self, suffix: str) -> Place:
        below = "data/" + self.removeprefix("data/generated/") if self.startswith("data/") else self.partition("/")[2]
        return Place(f"logs/{below[: below.rindex('.')]}{suffix}")


DATA = Place("data/generated/{dataset}.hdf5")
BEHAVIOURS = Place("results/behaviours/{behaviours}.safetensors")
CLUSTERS = Place("results/clusters/{dataset}/{clustering}/seeds-{block}.safetensors")
DIAGNOSIS = Place("results/diagnostics/{dataset}/{clustering}/seeds-{block}.json")
SKILLS = Place("results/skills/{dataset}/{skills}/seeds-{block}.safetensors")
EMBEDDINGS = Place("results/embeddings/{dataset}/{embedding}/seeds-{block}.safetensors")
PROBES = Place("results/probes/{dataset}/{embedding}/seeds-{block}.json")
IMITATOR = Place("results/imitators/{dataset}/{imitator}/seeds-{block}.safetensors")
IMITATION = Place("results/imitation/{dataset}/{imitator}/seeds-{block}.npz")
LATENTS = Place("results/latents/{dataset}/{imitator}/seeds-{block}.csv")
CRITICS = Place("results/critics/{dataset}/{clustering}/seeds-{block}.safetensors")
IMPROVED = Place("results/improved/{dataset}/{clustering}/{improvement}/seeds-{block}.safetensors")
HIGH_LEVEL = Place("results/high_level/{dataset}/{clustering}/seeds-{block}.safetensors")
OFFLINE = Place("results/offline/{dataset}/{algorithm}/seeds-{block}.safetensors")
BY_CLUSTER = Place("results/by_cluster/{dataset}/{clustering}/{algorithm}/seeds-{block}.safetensors")
EVALUATION = Place("results/evaluation/{dataset}/{agent}/seeds-{block}.npz")
ESTIMATE = Place("results/estimates/{dataset}/{agent}/seeds-{block}.safetensors")
BOUND = Place("results/bound/{dataset}.json")
PARTITION = Place("results/partitions/{dataset}/{partition}.safetensors")
SAFE = Place("results/safe/{dataset}/{safe}/seeds-{block}.safetensors")
SAFE_EVALUATION = Place("results/safe_evaluation/{dataset}/{safe}/seeds-{block}.npz")
TABLE = Place("results/{table}/{dataset}.csv")
SUMMARY, METRICS, HEADLINE = Place("results/summary.csv"), Place("results/metrics.json"), Place("results/headline.txt")
REPORT = Place("results/report.html")
