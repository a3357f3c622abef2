"""Places of results: filled in, read back, and mirrored by logs."""

import pytest

from stages import paths
from stages.paths import BOUND, CLUSTERS, DATA, IMPROVED, SUMMARY, Place

PLACES = [place for place in vars(paths).values() if isinstance(place, Place)]


@pytest.mark.parametrize("place", PLACES)
def test_what_was_filled_in_is_read_back(place: Place):
    values = {name: f"some-{name}=0.9" for name in place.wildcards}
    assert place.read(place.format(**values)) == values
    assert place.read(f"/elsewhere/{place.format(**values)}") == values


def test_a_path_of_another_place_is_not_read():
    assert CLUSTERS.read("results/improved/navigation/em/ppo/seeds-0-4.safetensors") is None
    assert CLUSTERS.read("results/clusters/navigation/em/seeds-0-4.json") is None
    assert BOUND.read("results/bound/a/b.json") is None


@pytest.mark.parametrize(
    ("place", "log"),
    [
        (DATA, "logs/data/{dataset}.log"),
        (IMPROVED, "logs/improved/{dataset}/{clustering}/{improvement}/seeds-{block}.log"),
        (SUMMARY, "logs/summary.log"),
    ],
)
def test_logs_and_benchmarks_mirror_results(place: Place, log: str):
    assert place.log == log
    assert place.benchmark == log.removesuffix("log") + "tsv"


def test_no_two_places_share_a_log():
    made_by_one_job = {paths.METRICS, paths.HEADLINE}
    logs = [place.log for place in PLACES if place not in made_by_one_job]
    assert len(set(logs)) == len(logs)
