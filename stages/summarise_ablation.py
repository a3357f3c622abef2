"""Put the ablation of EM's heuristics into a table.

Inputs: a dataset with true labels and the clusters of every combination of heuristics, all blocks of seeds. Output: one
row per combination with the Rand index in percent, beside EMPO's Table 5 where it has the dataset.

Example: python -m stages.summarise_ablation data/generated/hopper.hdf5
         results/clusters/hopper/em_plain/seeds-0-4.safetensors results/clusters/hopper/em/seeds-0-4.safetensors
         --output results/ablation/hopper.csv
"""

from __future__ import annotations

from stages.artifacts import Artifact, replacing
from stages.command import Command
from stages.reporting.ablation import ablation_rows
from stages.reporting.inputs import clusters_of, gather
from stages.reporting.published import published


def main(dataset: str, clusters: list[str], output: str) -> None:
    """Score every combination and save the rows."""
    (results,) = gather([dataset]).values()
    parts = [clusters_of(Artifact.load(path)) for path in clusters]
    rows = ablation_rows(results.true_labels, parts, published(results).get("ablation", {}))
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False)
    print(rows.drop(columns="rand").to_string(index=False))
    print(f"Saved to {output}")


if __name__ == "__main__":
    inputs = {"dataset": "dataset (HDF5)", "clusters...": "clusters of all combinations (safetensors)"}
    Command(__doc__, inputs, "table (CSV)").run(main)
