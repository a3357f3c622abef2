"""Wide observations are projected to fewer numbers, or asked about."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stages.errors import UserError
from stages.formats.importing import ImportSettings, import_files
from tests.formats.recording import recording, written


def wide(width: int, unit: float = 1.0) -> dict[str, np.ndarray]:
    arrays = recording()
    mixing = np.random.default_rng(5).standard_normal((4, width)) / 2
    for key in ("observations", "next_observations"):
        arrays[key] = (unit * arrays[key] @ mixing).astype(np.float32)
    return arrays


def test_more_numbers_than_clustering_can_handle_are_asked_about(tmp_path: Path) -> None:
    path = written(tmp_path / "a.hdf5", wide(513))
    said = r"observations: 513 numbers per row, .*Use the setting project_to: 128 for random projections, or 0 to keep"
    with pytest.raises(UserError, match=said):
        import_files([path], ImportSettings())
    assert import_files([path], ImportSettings(project_to=0))[0].observations.shape[1] == 513
    assert import_files([written(path, wide(512))], ImportSettings())[0].observations.shape[1] == 512


def test_projections_keep_distances_and_know_no_units(tmp_path: Path) -> None:
    path, settings = tmp_path / "a.hdf5", ImportSettings(project_to=64)
    dataset, (report,) = import_files([written(path, wide(600))], settings)
    assert dataset.observations.shape == (240, 64) and dataset.observations.dtype == np.float32
    assert "600 numbers per row, randomly projected to 64" in str(report)
    assert dataset.attributes["import_project_to"] == "64"
    original = wide(600)["observations"]
    standard = (original - original.mean(axis=0)) / original.std(axis=0)
    before = np.linalg.norm(standard[:100, None] - standard[None, 100:200], axis=-1) / np.sqrt(600)
    after = np.linalg.norm(dataset.observations[:100, None] - dataset.observations[None, 100:200], axis=-1) / np.sqrt(
        64
    )
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.95
    assert np.median(after / before) == pytest.approx(1, abs=0.25)
    inside = np.flatnonzero(~dataset.truncations[:-1])
    np.testing.assert_allclose(dataset.next_observations[inside], dataset.observations[inside + 1], atol=1e-4)
    other, _ = import_files([written(path, wide(600, unit=1e6))], settings)
    np.testing.assert_allclose(other.observations, dataset.observations, atol=1e-3)


def test_a_projection_makes_fewer_numbers(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"4 numbers per row cannot become 4. Leave out the setting project_to"):
        import_files([written(tmp_path / "a.hdf5", recording())], ImportSettings(project_to=4))
