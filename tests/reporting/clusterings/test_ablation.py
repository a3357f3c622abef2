from pathlib import Path

import pytest

from stages.errors import UserError
from stages.reporting.clusterings.ablation import ablation_rows
from stages.reporting.clusterings.results import read_clusters
from stages.reporting.data.results import SOURCES, Data
from stages.reporting.gathering import gather
from tests.reporting.conftest import clusters_file


@pytest.fixture
def parts(hopper, tmp_path: Path):
    dataset = gather(hopper[:1], SOURCES)["hopper"].of(Data).dataset
    files = [
        clusters_file(
            tmp_path, "hopper", "plain", dataset, [0, 1], failed=1, momentum=0.0, pretrain_epochs=0, bias_epochs=0
        ),
        clusters_file(tmp_path, "hopper", "plain", dataset, [2], momentum=0.0, pretrain_epochs=0, bias_epochs=0),
        clusters_file(tmp_path, "hopper", "defaults", dataset, [0, 1]),
    ]
    return dataset.behaviour_policy, [read_clusters(Path(file)) for file in files]


def test_one_row_per_combination_with_all_seeds(parts):
    truth, clusters = parts
    plain, defaults = ablation_rows(truth, clusters, {"0, 0, 0": (69.54, 21.02)})
    halves = 100 * (2 * 12 * 11 / 2) / (24 * 23 / 2)
    assert plain.seeds == 3 and plain.rand_mean == pytest.approx((200 + halves) / 3, abs=1e-3)
    assert plain.published_mean == 69.54
    assert (defaults.momentum, defaults.pretrain_epochs, defaults.bias_epochs) == ("0.9", "20", "3")
    assert defaults.rand_std == 0 and defaults.published_mean is None


def test_true_labels_are_needed(parts):
    with pytest.raises(UserError, match="true labels"):
        ablation_rows(None, parts[1], {})
