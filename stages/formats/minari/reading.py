"""Minari's datasets: folders with HDF5 (read and written) or Arrow and Parquet files (read), without Minari itself.

Reading. The path is the dataset's folder, its ``data`` folder or the ``main_data.hdf5`` in there:
``python -m stages.import_dataset ~/.minari/datasets/mujoco/hopper/expert-v0 --output data/generated/hopper.hdf5``.
What is made of everything but vectors in float32 (each is noted in the report):
    Dict and Tuple observations: one vector, see `stages.formats.minari.spaces`. Texts and pictures are refused.
    Discrete actions: counted from 0, whatever their start.
    float64 arrays: converted to float32.
    Both flags set: terminated. (D4RL's recorder is the opposite: there the time limit wins.)
    Last step without a flag: truncated. A flag on an earlier step is refused.
    As many observations as steps: a truncated episode loses its last step, see `stages.formats.minari.episodes`.
    `infos`: left out, but for `cost` (one per step, with or without one for the reset first), which are the costs.
    `env_spec`: the environment and its settings, where it is known here; otherwise the attribute `minari_environment`.
    Reference scores, author and the like: attributes called ``minari_...``.
Totals in the metadata that do not agree with the episodes are refused.

Writing. The path becomes the dataset's folder, and its name the dataset's id (``hopper-v0``; Minari needs the version):
``FORMATS.entry("minari")().write(Path("datasets/hopper-v0"), read_native("data/generated/hopper.hdf5"))``. Minari opens
it as ``minari.MinariDataset("datasets/hopper-v0/data")``, or as ``minari.load_dataset("hopper-v0")`` with
``MINARI_DATASETS_PATH=datasets``. Costs are ``infos["cost"]``, the true policy of each episode is its attribute
`behaviour_policy`. Read again, the dataset is the same, bit by bit.

Source: https://minari.farama.org/content/dataset_standards, the minari package 0.5.4, and its issue #199.
"""

from __future__ import annotations

import json
from pathlib import Path

from stages.datasets.episodes import EpisodeDataset
from stages.errors import UserError
from stages.formats import FORMATS
from stages.formats.base import FileFormat
from stages.formats.meaning import AS_STORED, Meaning
from stages.formats.minari.arrow import read_arrow
from stages.formats.minari.checks import Checks
from stages.formats.minari.episodes import assemble
from stages.formats.minari.folder import MAIN_FILE, METADATA_FILE, data_folder, replacing_folder
from stages.formats.minari.hdf5 import read_hdf5, write_hdf5
from stages.formats.minari.metadata import read_metadata
from stages.formats.minari.writing import metadata_of
from stages.formats.report import Report
from stages.formats.row_search import differing_rows
from stages.settings import Settings


@FORMATS.register("minari", Settings)
class MinariFormat(FileFormat):
    """A folder with ``data/metadata.json``."""

    def recognises(self, path: Path) -> bool:
        return data_folder(path) is not None

    def read(self, path: Path, report: Report, meaning: Meaning = AS_STORED) -> EpisodeDataset:
        folder = data_folder(path)
        if folder is None:
            raise UserError("not a Minari dataset", place=str(path), remedy="Give the folder that contains data")
        metadata = read_metadata(folder, report)
        checks = Checks(metadata, report, meaning)
        if metadata.data_format == "hdf5":
            main_file = path if path.is_file() else folder / MAIN_FILE
            episodes = read_hdf5(main_file, checks.layout, metadata, report)
        else:
            episodes = read_arrow(folder, checks.layout, metadata, report)
        return assemble(episodes, checks, metadata, report)

    def write(self, path: Path, dataset: EpisodeDataset) -> None:
        _check_connected(path, dataset)
        with replacing_folder(path) as temporary:
            data = temporary / "data"
            data.mkdir()
            write_hdf5(data / MAIN_FILE, dataset)
            metadata = metadata_of(dataset, path.name, (data / MAIN_FILE).stat().st_size / 1e6)
            (data / METADATA_FILE).write_text(json.dumps(metadata), encoding="utf-8")


def _check_connected(path: Path, dataset: EpisodeDataset) -> None:
    """Refuse what T+1 observations per episode cannot hold."""
    gaps = differing_rows(dataset.next_observations[:-1], dataset.observations[1:])
    jumps = gaps[~(dataset.terminations | dataset.truncations)[gaps]]
    if len(jumps):
        cause = f"row {jumps[0]} is not followed by the next one, as it must be in Minari's layout"
        raise UserError(cause, place=str(path), remedy="Mark a truncation there, or keep the native file")
