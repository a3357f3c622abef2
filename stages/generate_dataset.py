"""Make a dataset by simulation.

Example: python -m stages.generate_dataset --output data/generated/navigation.hdf5
             --settings '{"method": "navigation", "steps_per_behaviour": 100000}'
"""

from __future__ import annotations

import json
from dataclasses import replace

from stages.command import Command
from stages.generators import GENERATORS
from stages.registry import Choice


def main(output: str, settings: Choice) -> None:
    """Simulate, save as a native file that says how it was made."""
    # Loaded here, so that the command line needs the names of the methods alone.
    from stages.datasets.summary import summary
    from stages.formats.native import write_native

    dataset = settings.entry(settings.settings)
    attributes = dataset.attributes | {"generator": json.dumps(settings.values)}
    write_native(output, replace(dataset, attributes=attributes))
    print(summary(dataset), f"saved {output}", sep="\n")


if __name__ == "__main__":
    Command(__doc__, {}, "native dataset file (HDF5)", GENERATORS).run(main)
