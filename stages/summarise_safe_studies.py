"""Put studies of safe agents into a table: variants of a method that differ in one thing.

Inputs: a dataset with costs and the rollouts of all variants under cost limits, all blocks of seeds, recognised by
their folders. Output: one row per study, variant and limit, columns as in `stages.reporting.safe.results`.

Example: python -m stages.summarise_safe_studies data/generated/safe_navigation.hdf5
         results/safe_evaluation/safe_navigation/trac/seeds-0-2.npz
         results/safe_evaluation/safe_navigation/trac_desirable/seeds-0-2.npz
         --output results/safe_studies/safe_navigation.csv
         --settings '{"studies": {"sides": {"trac": {"sides": "both"}, "trac_desirable": {"sides": "desirable"}}}}'
"""

from __future__ import annotations

from stages.command import Command
from stages.replacing import replacing
from stages.reporting.safe.study_rows import StudySettings, study_table


def main(dataset: str, files: list[str], output: str, settings: StudySettings) -> None:
    """Score every variant and save the rows."""
    rows = study_table([dataset, *files], settings)
    with replacing(output) as temporary:
        rows.to_csv(temporary, index=False, float_format="%.6g")
    print(f"{len(settings.studies)} studies with {rows.groupby(['study', 'variant']).ngroups} variants")
    print(f"Saved to {output}")


if __name__ == "__main__":
    inputs = {"dataset": "dataset with costs (HDF5)", "files...": "rollouts under cost limits (npz)"}
    Command(__doc__, inputs, "table (CSV)", StudySettings).run(main)
