"""Make one dataset of the user's files, after checking them.

Prints, file by file, whatever was not taken over as it stands: the rule, the cause, the place and the remedy. A file
that breaks a rule is refused with one line. Files may be of D4RL, DSRL or Minari (a folder), numpy archives, or own.

Example: python -m stages.import_dataset hopper_medium-v2.hdf5 hopper_expert-v2.hdf5 --output data/generated/hopper.hdf5
             --settings '{"environment": "Hopper-v4", "label_by_file": true}'
"""

from __future__ import annotations

from pathlib import Path

from stages.command import Command
from stages.datasets.summary import summary
from stages.errors import UserError, printable
from stages.formats.importing import ImportSettings, import_files
from stages.formats.native import write_native
from stages.formats.report import Refused
from stages.replacing import is_among


def main(files: list[str], output: str | None, settings: ImportSettings) -> None:
    """Read and validate the files, join them, save them as a native file, named like the first one if not told."""
    output = output or f"data/generated/{Path(files[0]).stem}.hdf5"
    if is_among(output, files):  # the default name, too
        raise UserError("is an input as well", place=output, remedy="Give the dataset a file of its own")
    try:
        dataset, reports = import_files(files, settings)
    except Refused as refusal:
        print(refusal.report)
        raise
    write_native(output, dataset)
    print(*reports, summary(dataset), printable(f"saved {output}"), sep="\n")


if __name__ == "__main__":
    inputs = {"files...": "dataset files or folders of one environment, of any known format"}
    meaning = "native dataset file (HDF5); default: data/generated/NAME.hdf5, NAME being that of the first file"
    Command(__doc__, inputs, meaning, ImportSettings, output_required=False).run(main)
