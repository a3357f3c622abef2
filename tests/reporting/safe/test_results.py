from pathlib import Path

import numpy as np
import pytest

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting.gathering import gather
from stages.reporting.returns.results import Returns
from stages.reporting.run.results import Run
from stages.reporting.safe.results import Safe
from stages.reporting.sections import SOURCES
from tests.reporting.made_up_safe import rollouts_file


def test_blocks_of_seeds_are_joined_in_their_order(safe):
    results = gather(list(reversed(safe)), SOURCES)["safe_navigation"]
    trac = results.of(Safe).evaluations["trac"]
    np.testing.assert_array_equal(trac.seeds, [0, 1])
    np.testing.assert_array_equal(trac.limits, [10, 20, 40])
    assert trac.costs.shape == (2, 3, 2) and trac.paths.shape == (2, 3, 2, 12, 2)
    assert trac.costs[1, 0].tolist() == pytest.approx([5.0, 15.0])


def test_partitions_policies_and_studies_are_found(safe):
    results = gather(safe, SOURCES)["safe_navigation"]
    partitions = results.of(Safe).partitions
    assert list(partitions) == ["by_episode", "by_segment"]
    assert partitions["by_segment"].labels_by == "segment"
    assert [under.limit for under in partitions["by_episode"].limits] == [10, 20, 40]
    assert [(trained.stage, trained.names) for trained in results.of(Run).trained] == [("safe", ("trac",))]
    assert len(results.of(Safe).studies) == 9 and results.of(Returns).evaluations == {}


def test_blocks_under_different_limits_are_refused(tmp_path: Path):
    files = [
        rollouts_file(tmp_path, "a", "trac", [0], (0.5,), (1.0,), limits=(10.0,)),
        rollouts_file(tmp_path, "a", "trac", [1], (0.5,), (1.0,), limits=(20.0,)),
    ]
    with pytest.raises(UserError, match="different limits: 10 and 20"):
        gather(files, SOURCES)


def test_damaged_rollouts_are_refused(tmp_path: Path):
    file = Path(rollouts_file(tmp_path, "a", "trac", [0, 1], (0.5,), (1.0,), limits=(10.0,)))
    whole = dict(np.load(file))
    for name, wrong in (("returns", whole["returns"][:1]), ("limits", np.array([1.0, 2.0])), ("paths", np.zeros(3))):
        np.savez(file, **whole | {name: wrong})
        with pytest.raises(UserError, match="not a safe evaluation"):
            gather([str(file)], SOURCES)
    np.savez(file, seeds=np.zeros(1))
    with pytest.raises(UserError, match="not a safe evaluation"):
        gather([str(file)], SOURCES)
    file.write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="not a safe evaluation"):
        gather([str(file)], SOURCES)


def test_other_files_are_no_partitions(tmp_path: Path):
    path = tmp_path / "results/partitions/a/halves.safetensors"
    Artifact({}, {"kind": "safe"}).save(path)
    with pytest.raises(UserError, match="no partition"):
        gather([str(path)], SOURCES)
