"""Estimate the best return that any stitching of a dataset's behaviours can reach.

Input: a dataset. Output: JSON with the value, its standard error and the size of the cells; the value is null, with the
reason, where the estimate does not apply.

Example: python -m stages.bound data/generated/navigation.hdf5 --output results/bound/navigation.json
"""

from __future__ import annotations

import json

from stages.command import Command
from stages.evaluation.bound_settings import BoundSettings
from stages.replacing import replacing


def main(dataset: str, output: str, settings: BoundSettings) -> None:
    """Estimate the bound and save it."""
    # Loaded here, so that the command line needs the settings alone.
    from stages.evaluation.stitching_bound import stitching_bound
    from stages.formats.loading import load

    bound = stitching_bound(load(dataset), settings)
    with replacing(output) as temporary:
        temporary.write_text(json.dumps(bound, indent=2) + "\n")
    print(f"Best stitching: {bound['reason'] if bound['value'] is None else format(bound['value'], '.1f')}")
    print(f"Saved to {output}")


if __name__ == "__main__":
    Command(__doc__, {"dataset": "dataset (HDF5)"}, "bound (JSON)", BoundSettings).run(main)
