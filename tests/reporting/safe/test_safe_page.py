import re
from pathlib import Path

import pytest

from stages.reporting import gathering
from stages.reporting.data.place import map_of
from stages.reporting.data.results import Data
from stages.reporting.page import ReportSettings, build
from stages.reporting.sections import SOURCES
from tests.reporting.made_up_safe import other_file, rollouts_file
from tests.reporting.test_page import Checker

SETTINGS = ReportSettings(resamples=200)


def gather(files):
    return gathering.gather(files, SOURCES)


@pytest.fixture(scope="module")
def page(safe) -> str:
    return build(gather(safe), SETTINGS)


def test_page_has_all_parts(page):
    for part in ("plane", "limits", "paths"):
        assert f'id="safe_navigation-safe-{part}-' in page
    text = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert "1 of 3 safe methods keeps all 3 cost limits" in text
    assert '<td class="unsafe">0.85 / 3.65 ✗</td>' in text and "<td>0.45 / 0.95</td>" in text
    for heading in ("Return under cost limits", "Desirable and undesirable segments", "Which labels have a loss"):
        assert f"{heading}</h" in text
    assert "2 seeds, 2 episodes per seed and limit" in text and "(DSRL), 2023" in text
    assert 'id="safe_navigation-losses-' in page


def test_page_is_well_formed_and_described(page):
    checker = Checker()
    checker.feed(page)
    assert checker.open == [] and checker.mistakes == [] and len(checker.ids) == len(set(checker.ids))
    assert page.count("<svg") == len(re.findall(r'role="img" aria-label="[^"]{10,}"', page))


def test_31_behaviours_are_not_drawn(page):
    assert "safe_navigation-behaviours-" not in page and "beside 1 above" not in page


def test_page_without_safe_agents_has_no_such_part(navigation):
    page = build(gather(navigation), SETTINGS)
    assert "cost limit" not in page and "DSRL" not in page and "navigation-safe-" not in page


def test_published_numbers_are_explained_where_they_are_shown(page, tmp_path: Path):
    assert "read off a picture" not in page
    files = [
        other_file(tmp_path, "hopper", "SafetyHopperVelocity-v1"),
        rollouts_file(tmp_path, "hopper", "trac", [0], (0.5, 0.5), (30.0, 0.5), limits=(20.0, 40.0)),
    ]
    hopper = build(gather(files), SETTINGS)
    assert "read off a picture" in hopper and "0.57 / 0.98" in hopper and "logarithmic" in hopper
    assert "hopper-safe-paths-" not in hopper and "Desirable and undesirable" not in hopper


def test_report_of_lone_parts(safe):
    for kept, wanted in (
        ("/safe_evaluation/", "Return under"),
        ("/partitions/", "Desirable"),
        ("/safe_studies/", "What"),
    ):
        page = build(gather([file for file in safe if kept in file]), SETTINGS)
        assert page.count("<h3>") - page.count("<h3>Versions") - page.count("<h3>To cite") == 1 and wanted in page


def test_the_map_of_safe_navigation(safe):
    place = map_of(gather(safe)["safe_navigation"].of(Data))
    assert place is not None and place.size == 20 and len(place.penalty_boxes) == 4 and place.boxes_called == "cost"
