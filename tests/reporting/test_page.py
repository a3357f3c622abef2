import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from stages.reporting.gathering import gather
from stages.reporting.page import ReportSettings, build
from stages.reporting.sections import SOURCES
from tests.reporting.conftest import AGENTS

SETTINGS = ReportSettings(params={"agents": AGENTS, "seeds": {"count": 3}}, resamples=200)


@pytest.fixture(scope="module")
def page(navigation, hopper) -> str:
    return build(gather(navigation + hopper, SOURCES), SETTINGS)


def test_page_loads_nothing_from_elsewhere(page):
    allowed = ("http://www.w3.org/", "https://www.w3.org/")  # names of namespaces, which nothing loads
    addresses = re.findall(r"(?:https?:)?//[\w.]+/?", re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL))
    assert [address for address in addresses if not address.startswith(allowed)] == []
    assert "<script" not in page and "@import" not in page and "<link" not in page


def test_page_is_small_and_the_same_every_time(page, navigation, hopper):
    assert len(page.encode()) < 5_000_000
    assert build(gather(navigation + hopper, SOURCES), SETTINGS) == page


def test_page_says_what_came_out(page):
    text = re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)
    assert "perfect on 2 of 3 seeds" in text
    assert "EMPO does best: return −3" in text
    assert "estimated at −377 to −369" in text and "what lies above −369 is owed to improving them" in text
    assert "20.0%" in text, "share of rollouts through the penalty before improvement"
    assert "2 of 100 on a worse route (Figure 5)" in text
    assert "110.2" in text and "D4RL score" in text, "the paper's Hopper score stands beside ours"
    assert "2,000,000" in text, "the paper's number of transitions"


def test_every_dataset_has_its_own_parts(page):
    before, after = page.split('<section id="hopper">')
    assert "Trajectories</h3>" in before and "Trajectories</h3>" not in after
    assert before.count("<article") == after.count("<article") == 2
    assert 'id="navigation-trajectories-' in before


def test_html_is_well_formed_and_ids_are_unique(page):
    checker = Checker()
    checker.feed(page)
    assert checker.open == [] and checker.mistakes == []
    assert len(checker.ids) == len(set(checker.ids))


def test_pictures_are_described(page):
    assert page.count("<svg") == page.count('role="img"') == len(re.findall(r'role="img" aria-label="[^"]{10,}"', page))


def test_tables_and_pictures_scroll_within_themselves(page):
    holders = re.findall(r'<div class="scroll" tabindex="0"[^>]*><(svg|table)', page)
    assert len(holders) == page.count("<svg") + page.count("<table") > 0
    assert ".scroll { overflow-x: auto;" in page


def test_colours_follow_the_scheme(page):
    assert "var(--series-0, #0072b2)" in page and "prefers-color-scheme: dark" in page


def test_report_of_a_lone_evaluation(navigation):
    lone = [file for file in navigation if "evaluation" in file]
    page = build(gather(lone, SOURCES), ReportSettings(resamples=200))
    assert "Returns</h3>" in page and "Clusters</h3>" not in page


def test_ablation_and_figure4_are_shown_where_given(navigation, tmp_path: Path):
    ablation, figure4 = tmp_path / "results/ablation/navigation.csv", tmp_path / "results/figure4/navigation.csv"
    for path in (ablation, figure4):
        path.parent.mkdir(parents=True)
    ablation.write_text(
        "momentum,pretrain_epochs,bias_epochs,seeds,rand_mean,rand_std,rand,published_mean,published_std\n"
        "0.9,20,3,2,99.0,1.0,98.0 100.0,100.0,0.0\n0,0,0,2,50.0,0.0,50.0 50.0,,\n"
    )
    figure4.write_text(
        "gradient,epochs,agent,seed,return_mean,d4rl_score\n"
        "full batch,1,a,0,-380,\nfull batch,10,b,0,-365,\nmini-batch,1,c,0,-385,\nmini-batch,10,d,0,-390,\n"
    )
    page = build(gather([*navigation, str(ablation), str(figure4)], SOURCES), SETTINGS)
    assert "Ablation of the heuristics" in page and "99.00 ± 1.00" in page
    assert 'id="navigation-figure4-' in page


class Checker(HTMLParser):
    """Counts ids and finds tags that do not close."""

    void = ("meta", "br", "img", "link", "hr", "input")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.mistakes: list[str] = []
        self.ids: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.ids += [value for name, value in attrs if name == "id"]

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.mistakes.append(tag)
