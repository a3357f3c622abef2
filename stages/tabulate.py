"""Put the results of a study of one dataset into a table.

Inputs: the files that the table is made of, all blocks of seeds, and, for times, benchmark files as far as there are
any; recognised by their folders. What a table needs and its columns: see the module of the table. Output: the rows.

Example: python -m stages.tabulate data/generated/takeball.hdf5
         results/diagnostics/takeball/pg_kmeans/seeds-0-4.json logs/clusters/takeball/pg_kmeans/seeds-0-4.tsv
         --output results/clustering/takeball.csv --settings '{"method": "clustering"}'
"""

from __future__ import annotations

from stages.command import Command
from stages.registry import Choice
from stages.reporting import TABLES


def main(files: list[str], output: str, settings: Choice) -> None:
    """Make the rows and save them."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.reporting.kit.records import write_table

    rows = settings.entry(files, settings.settings)
    write_table(output, rows)
    print(rows.to_string(index=False, float_format="%.3f", line_width=120))
    print(f"Saved {len(rows)} rows to {output}")


if __name__ == "__main__":
    Command(__doc__, {"files...": "results of one dataset"}, "table (CSV)", TABLES).run(main)
