from collections.abc import Callable

import pytest

from stages.datasets.episodes import EpisodeDataset
from tests.synthetic import make_episodes


@pytest.fixture
def episodes() -> Callable[..., EpisodeDataset]:
    return make_episodes
