import numpy as np
import pytest

from stages.datasets.requirements import require
from stages.errors import UserError


def test_enough_episodes_are_accepted(episodes):
    require(episodes([2, 2, 2]), num_clusters=3)
    require(episodes([2]), num_clusters=1)


@pytest.mark.parametrize(
    ("sizes", "clusters", "cause"),
    [([2, 2], 3, "3 clusters need at least as many episodes, the dataset has 2"), ([9], 2, "one episode cannot be")],
)
def test_too_few_episodes_are_refused(episodes, sizes, clusters, cause):
    with pytest.raises(UserError, match=f"data.hdf5: {cause}"):
        require(episodes(sizes), num_clusters=clusters, place="data.hdf5")


def test_an_empty_dataset_is_refused(episodes):
    with pytest.raises(UserError, match="empty"):
        require(episodes([2]).select(np.array([], dtype=np.int64)))


def test_missing_costs_are_refused(episodes):
    with pytest.raises(UserError, match="needs costs"):
        require(episodes([2]), costs=True)
