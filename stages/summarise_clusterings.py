"""Put all clusterings of a dataset into one table.

Inputs: a dataset, the diagnostics of its clusterings, all blocks of seeds, and, for time and memory, the benchmark
files of the clusterings as far as there are any; recognised by their folders. Output: one row per clustering, columns
as in `stages.reporting.clusterings.records`.

Example: python -m stages.summarise_clusterings data/generated/takeball.hdf5
         results/diagnostics/takeball/pg_kmeans/seeds-0-4.json logs/clusters/takeball/pg_kmeans/seeds-0-4.tsv
         --output results/clustering/takeball.csv
"""

from __future__ import annotations

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.clusterings.rows import clustering_table


def main(files: list[str], output: str) -> None:
    """Gather the files and save a row per clustering."""
    rows = clustering_table(files)
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g")
    shown = [name for name in ("clustering", "seeds", "nmi_mean", "nmi_min", "clusters", "cpu_seconds") if name in rows]
    print(rows[shown].to_string(index=False, float_format="%.3f"))
    print(f"Saved to {output}")


if __name__ == "__main__":
    inputs = {"files...": "dataset, diagnostics (JSON) and benchmark files (TSV) of its clusterings"}
    Command(__doc__, inputs, "table (CSV)").run(main)
