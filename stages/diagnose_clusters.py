"""Diagnose clusters: conflicts, ambiguous episodes, agreement of seeds, signs of collapse, distance to the truth.

Inputs: a dataset and the clusters that one method found in it. Output: JSON with what is known of the dataset and of
each seed's clusters; what cannot be known is null.

Example: python -m stages.diagnose_clusters data/generated/diagonal.hdf5
         results/clusters/diagonal/em/seeds-0-4.safetensors --output results/diagnostics/diagonal/em/seeds-0-4.json
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from stages.command import Command
from stages.diagnosis.settings import DiagnosisSettings
from stages.replacing import replacing


def main(dataset: str, clusters: str, output: str, settings: DiagnosisSettings) -> None:
    """Look at the dataset and at every seed's clusters, save what is found."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.diagnosis.clustering_scores import agreement_between_runs
    from stages.diagnosis.diagnosis import Diagnosis
    from stages.diagnosis.found_clusters import read_clusters
    from stages.formats.loading import load

    episodes = load(dataset)
    found = read_clusters(clusters, episodes)
    diagnosis = Diagnosis(episodes, settings)
    result: dict[str, Any] = {
        "clustering": {"method": found[0].settings.get("method", ""), "score": found[0].score_name},
        "dataset": diagnosis.of_dataset(),
        "seeds": [diagnosis.of_clusters(clusters_of_seed) for clusters_of_seed in found],
        "agreement": agreement_between_runs(np.stack([clusters_of_seed.labels for clusters_of_seed in found])),
    }
    with replacing(output) as temporary:
        temporary.write_text(json.dumps(plain(result), indent=2, allow_nan=False) + "\n")
    for seed in result["seeds"]:
        said = [*seed["certainty"].get("verdicts", []), *seed["warnings"]]
        print(f"seed {seed['seed']}: {'; '.join(said) or 'no warnings'}")
    print(f"saved {output}")


def plain(value: Any) -> Any:
    """Nested results as JSON has them: lists for arrays, null for what is not a number."""
    if isinstance(value, dict):
        return {key: plain(entry) for key, entry in value.items()}
    if isinstance(value, list | np.ndarray):
        return [plain(entry) for entry in value]
    if isinstance(value, float | np.floating):
        return float(value) if np.isfinite(value) else None
    return value.item() if isinstance(value, np.generic) else value


if __name__ == "__main__":
    inputs = {"dataset": "native dataset file", "clusters": "clusters (safetensors)"}
    Command(__doc__, inputs, "diagnosis (JSON)", DiagnosisSettings).run(main)
