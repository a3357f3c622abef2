"""Split the episodes of a dataset into halves.

Example: python -m stages.halve data/generated/takeball.hdf5 --output halves.json --settings '{"method": "by_return"}'
"""

from __future__ import annotations

import json

from stages.halving import HALVING

from stages.command import Command
from stages.formats.loading import load
from stages.registry import Choice
from stages.replacing import replacing


def main(dataset: str, output: str, settings: Choice, seeds: list[int]) -> None:
    """Split by every seed, save which episodes are in the better half."""
    data = load(dataset)
    better = {seed: settings.entry(data, seed, settings.settings).tolist() for seed in seeds}
    with replacing(output) as temporary:
        temporary.write_text(json.dumps(better))


if __name__ == "__main__":
    Command(__doc__, {"dataset": "native dataset file"}, "halves (JSON)", HALVING, seeds=True).run(main)
