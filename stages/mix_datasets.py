"""Make one dataset of parts of others.

Example: python -m stages.mix_datasets data/generated/medium.hdf5 data/generated/expert.hdf5
             --output data/generated/medium-expert.hdf5
             --settings '{"sources": {"medium": {"num_steps": 10000}, "expert": {}}, "label_by_source": true}'
"""

from __future__ import annotations

from pathlib import Path

from stages.command import Command
from stages.datasets.mixing import MixSettings, mix
from stages.datasets.summary import summary
from stages.errors import UserError
from stages.formats.loading import load
from stages.formats.native import write_native


def main(files: list[str], output: str, settings: MixSettings) -> None:
    """Read the sources, named by their files, take the share of each, save them as one native file."""
    datasets = {Path(file).stem: load(file) for file in files}
    if set(datasets) != set(settings.sources):
        given, wanted = ", ".join(datasets), ", ".join(settings.sources)
        raise UserError(f"files {given} are given, {wanted} are to be mixed", place="sources")
    dataset = mix({name: datasets[name] for name in settings.sources}, settings)
    write_native(output, dataset)
    print(summary(dataset), f"saved {output}", sep="\n")


if __name__ == "__main__":
    inputs = {"files...": "native dataset files, named as in `sources`"}
    Command(__doc__, inputs, "native dataset file (HDF5)", MixSettings).run(main)
