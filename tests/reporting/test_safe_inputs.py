from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting.inputs import gather
from tests.reporting.made_up_safe import rollouts_file


def test_blocks_of_seeds_are_joined_in_their_order(safe):
    results = gather(list(reversed(safe)))["safe_navigation"]
    trac = results.safe_evaluations["trac"]
    np.testing.assert_array_equal(trac.seeds, [0, 1])
    np.testing.assert_array_equal(trac.limits, [10, 20, 40])
    assert trac.costs.shape == (2, 3, 2) and trac.paths.shape == (2, 3, 2, 12, 2)
    assert trac.costs[1, 0].tolist() == pytest.approx([5.0, 15.0])


def test_partitions_policies_and_studies_are_found(safe):
    results = gather(safe)["safe_navigation"]
    assert list(results.partitions) == ["by_episode", "by_segment"]
    assert results.partitions["by_segment"]["labels_by"] == "segment"
    assert [one["limit"] for one in results.partitions["by_episode"]["limits"]] == [10, 20, 40]
    assert [(one.stage, one.names) for one in results.trained] == [("safe", ("trac",))]
    assert len(results.safe_studies) == 9 and results.evaluations == {}


def test_blocks_under_different_limits_are_refused(tmp_path: Path):
    files = [
        rollouts_file(tmp_path, "a", "trac", [0], (0.5,), (1.0,), limits=(10.0,)),
        rollouts_file(tmp_path, "a", "trac", [1], (0.5,), (1.0,), limits=(20.0,)),
    ]
    with pytest.raises(UserError, match="different limits: 10 and 20"):
        gather(files)


def test_damaged_rollouts_are_refused(tmp_path: Path):
    file = Path(rollouts_file(tmp_path, "a", "trac", [0, 1], (0.5,), (1.0,), limits=(10.0,)))
    whole = dict(np.load(file))
    for name, wrong in (("returns", whole["returns"][:1]), ("limits", np.array([1.0, 2.0])), ("paths", np.zeros(3))):
        np.savez(file, **whole | {name: wrong})
        with pytest.raises(UserError, match="not a safe evaluation"):
            gather([str(file)])
    np.savez(file, seeds=np.zeros(1))
    with pytest.raises(UserError, match="not a safe evaluation"):
        gather([str(file)])
    file.write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="not a safe evaluation"):
        gather([str(file)])


def test_other_files_are_no_partitions(tmp_path: Path):
    path = tmp_path / "results/partitions/a/halves.safetensors"
    Artifact({}, {"kind": "safe"}).save(path)
    with pytest.raises(UserError, match="no partition"):
        gather([str(path)])
