"""Put the sensitivity of clusterings to their initial number of clusters into a table.

Inputs: a dataset with true labels, the clusters of a method at several initial numbers of clusters, all blocks of
seeds, and, for times, the benchmark files of these clusterings as far as there are any; recognised by their folders.
Output: one row per initial number and series, columns as in `stages.reporting.k_rows`.

Example: python -m stages.summarise_k data/generated/takeball.hdf5
         results/clusters/takeball/pg_kmeans-initial_clusters=4/seeds-0-4.safetensors
         results/clusters/takeball/pg_kmeans-initial_clusters=8/seeds-0-4.safetensors
         --output results/k_sensitivity/takeball.csv
"""

from __future__ import annotations

from pathlib import Path

from stages.artifacts import Artifact, replacing
from stages.command import Command
from stages.reporting.benchmarks import cost
from stages.reporting.inputs import gather
from stages.reporting.k_rows import k_rows


def main(dataset: str, files: list[str], output: str) -> None:
    """Score every number of clusters and save the rows."""
    (results,) = gather([dataset, *(file for file in files if file.endswith(".tsv"))]).values()
    parts: dict[str, list[Artifact]] = {}
    for file in files:
        if file.endswith(".safetensors"):
            parts.setdefault(Path(file).parent.name, []).append(Artifact.load(file))
    seconds = {name: cost(results.jobs(name))["cpu_seconds"] for name in parts}
    rows = k_rows(results.true_labels, parts, seconds)
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g")
    print(rows[["series", "k", "runs", "nmi_mean", "nmi_min"]].to_string(index=False, float_format="%.3f"))
    print(f"Saved to {output}")


if __name__ == "__main__":
    inputs = {"dataset": "dataset (HDF5)", "files...": "clusters (safetensors) and benchmark files (TSV)"}
    Command(__doc__, inputs, "table (CSV)").run(main)
