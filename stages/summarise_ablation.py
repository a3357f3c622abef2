"""Put the ablation of EM's heuristics into a table.

Inputs: a dataset with true labels and the clusters of every combination of heuristics, all blocks of seeds. Output: one
row per combination with the Rand index in percent, beside EMPO's Table 5 where it has the dataset.

Example: python -m stages.summarise_ablation data/generated/hopper.hdf5
         results/clusters/hopper/em_plain/seeds-0-4.safetensors results/clusters/hopper/em/seeds-0-4.safetensors
         --output results/ablation/hopper.csv
"""

from __future__ import annotations

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.clusterings.ablation import ablation_table


def main(dataset: str, clusters: list[str], output: str) -> None:
    """Score every combination and save the rows."""
    rows = ablation_table([dataset, *clusters])
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False)
    print(rows.drop(columns="rand").to_string(index=False))
    print(f"Saved to {output}")


if __name__ == "__main__":
    inputs = {"dataset": "dataset (HDF5)", "clusters...": "clusters of all combinations (safetensors)"}
    Command(__doc__, inputs, "table (CSV)").run(main)
