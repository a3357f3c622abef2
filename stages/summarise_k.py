"""Put the sensitivity of clusterings to their initial number of clusters into a table.

Inputs: a dataset with true labels, the clusters of a method at several initial numbers of clusters, all blocks of
seeds, and, for times, the benchmark files of these clusterings as far as there are any; recognised by their folders.
Output: one row per initial number and series, columns as in `stages.reporting.clusterings.records`.

Example: python -m stages.summarise_k data/generated/takeball.hdf5
         results/clusters/takeball/pg_kmeans-initial_clusters=4/seeds-0-4.safetensors
         results/clusters/takeball/pg_kmeans-initial_clusters=8/seeds-0-4.safetensors
         --output results/k_sensitivity/takeball.csv
"""

from __future__ import annotations

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.clusterings.k_rows import k_table


def main(dataset: str, files: list[str], output: str) -> None:
    """Score every number of clusters and save the rows."""
    rows = k_table([dataset, *files])
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g")
    print(rows[["series", "k", "runs", "nmi_mean", "nmi_min"]].to_string(index=False, float_format="%.3f"))
    print(f"Saved to {output}")


if __name__ == "__main__":
    inputs = {"dataset": "dataset (HDF5)", "files...": "clusters (safetensors) and benchmark files (TSV)"}
    Command(__doc__, inputs, "table (CSV)").run(main)
