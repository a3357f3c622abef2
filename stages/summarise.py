"""Summarise rollouts and clusters of all datasets.

Inputs: datasets, evaluations (those under cost limits, too), clusters and bounds, recognised by their folders.
Outputs: a table with one row per dataset, agent and seed (for safe agents, per cost limit, too), and its aggregates as
metrics for `dvc metrics`; the headline is printed.

Example: python -m stages.summarise data/generated/navigation.hdf5 results/bound/navigation.json
         results/clusters/navigation/em/seeds-0-4.safetensors results/evaluation/navigation/empo/seeds-0-4.npz
         --output results/summary.csv --metrics results/metrics.json
"""

from __future__ import annotations

import json

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.settings import SummarySettings


def main(files: list[str], output: str, metrics: str | None, settings: SummarySettings) -> None:
    """Gather the files, save the table and the metrics, print the headline."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.reporting import summary
    from stages.reporting.gathering import gather
    from stages.reporting.headline import headline
    from stages.reporting.kit.records import write_table
    from stages.reporting.sections import SOURCES

    collection = gather(files, SOURCES)
    found = summary.metrics_of(collection, settings.resamples)
    write_table(output, summary.table(collection))
    if metrics:
        aggregates = {name: summary.as_json(parts) for name, parts in found.items()}
        with replacing(metrics) as temporary:
            temporary.write_text(json.dumps(aggregates, indent=2) + "\n")
    print(headline(collection, found))
    print(f"\nSaved to {output}" + (f" and {metrics}" if metrics else ""))


if __name__ == "__main__":
    inputs = {"files...": "datasets, evaluations, clusters and bounds"}
    Command(__doc__, inputs, "table (CSV)", SummarySettings, options={"metrics": "aggregates (JSON)"}).run(main)
