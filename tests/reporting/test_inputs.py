from pathlib import Path

import numpy as np
import pytest

from stages.errors import UserError
from stages.reporting.inputs import gather


def test_blocks_are_joined_in_the_order_of_seeds(navigation):
    results = gather(list(reversed(navigation)))["navigation"]
    empo = results.evaluations["empo"]
    np.testing.assert_array_equal(empo.seeds, [0, 1, 2])
    assert empo.returns.shape == (3, 10) and empo.choices.shape == empo.paths.shape[:3]
    em = results.clusterings["em"]
    assert em.labels.shape == (3, results.dataset.num_episodes) and em.score.shape == (12, 3)


def test_shorter_blocks_are_padded(navigation):
    empo = gather(navigation)["navigation"].evaluations["empo"]
    walked = (~np.isnan(empo.paths[..., 0])).sum(axis=2)
    np.testing.assert_array_equal(walked, empo.lengths)
    assert (empo.choices[np.isnan(empo.paths[..., 0])] == -1).all()


def test_datasets_and_agents_keep_their_order(navigation, hopper):
    collection = gather(hopper + navigation)
    assert list(collection) == ["hopper", "navigation"]
    assert list(collection["navigation"].evaluations) == ["bc", "empo_unimproved", "empo"]


def test_run_times_come_from_benchmarks_or_from_the_files(navigation, tmp_path: Path):
    benchmark = tmp_path / "logs/clusters/navigation/em/seeds-0-1.tsv"
    benchmark.parent.mkdir(parents=True)
    benchmark.write_text("s\th:m:s\n61.5\t0:01:01\n")
    results = gather([*navigation, str(benchmark)])["navigation"]
    assert results.seconds == [("clusters", 61.5)]


def test_bad_files_are_refused(tmp_path: Path):
    broken = tmp_path / "results/evaluation/navigation/empo/seeds-0.npz"
    with pytest.raises(UserError, match="no such file"):
        gather([str(broken)])
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"PK nothing")
    with pytest.raises(UserError, match="not an evaluation"):
        gather([str(broken)])
    np.savez(broken, seeds=np.zeros(1))
    with pytest.raises(UserError, match="not an evaluation"):
        gather([str(broken)])
    with pytest.raises(UserError, match="folder does not say"):
        gather([str(tmp_path / "results/elsewhere/thing.npz")])
