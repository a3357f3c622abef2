"""What the report and the summary say of estimates, with rollouts beside them and without."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from stages.artifacts import Artifact
from stages.errors import UserError
from stages.reporting import summary
from stages.reporting.gathering import gather
from stages.reporting.headline import headline
from stages.reporting.page import build
from stages.reporting.sections import SOURCES
from stages.reporting.settings import ReportSettings
from tests.reporting.conftest import save_evaluation

VALUES = {"bc": 20.0, "td3_bc": 50.0, "iql": 35.0}
RETURNS = {"bc": 900.0, "td3_bc": 2000.0, "iql": 1500.0, "decision_transformer": 1000.0}


def estimate_file(folder: Path, agent: str, seeds: list[int], value: float, horizon: int = 100, **more) -> str:
    path = folder / f"results/estimates/robot/{agent}/seeds-{seeds[0]}-{seeds[-1]}.safetensors"
    starts = torch.linspace(-1, 1, 5) + value + torch.tensor(seeds, dtype=torch.float32)[:, None, None]
    tensors = {"start_values": starts + torch.tensor([0.5, -0.5])[:, None], **more}
    facts = {"seeds": seeds, "discount": 0.99, "horizon": horizon, "sampled": bool(more), "settings": {}}
    Artifact(tensors, facts).save(path)
    return str(path)


def rollouts_file(folder: Path, agent: str, seeds: list[int], level: float) -> str:
    shape, empty = (len(seeds), 2), np.zeros((len(seeds), 0, 0))
    return save_evaluation(
        folder, "robot", agent, seeds,
        returns=level + 10.0 * np.array(seeds)[:, None] * np.ones(shape), lengths=np.full(shape, 100),
        paths=empty[..., None].repeat(2, -1).astype(np.float32), choices=empty.astype(np.int8), cluster_returns=empty,
    )  # fmt: skip


@pytest.fixture
def alone(tmp_path) -> list[str]:
    return [estimate_file(tmp_path, agent, block, value) for agent, value in VALUES.items() for block in ([0, 1], [2])]


@pytest.fixture
def beside(alone, tmp_path) -> list[str]:
    return [*alone, *(rollouts_file(tmp_path, agent, [0, 1, 2], level) for agent, level in RETURNS.items())]


def metrics_of(files: list[str]):
    return summary.metrics_of(gather(files, SOURCES), 200)


def text_of(files: list[str]) -> str:
    page = build(gather(files, SOURCES), ReportSettings(resamples=200))
    return re.sub(r"<svg.*?</svg>", "", page, flags=re.DOTALL)


def test_estimates_by_hand(alone):
    found = summary.as_json(metrics_of(alone)["robot"])
    assert "rank_correlation" not in found and found["agents"] == {}
    bc = found["estimates"]["bc"]
    assert bc["value"]["mean"] == pytest.approx(21) and bc["seeds"] == 3
    scale = 100 * 0.01 / (1 - 0.99**100)
    assert bc["per_episode"]["mean"] == pytest.approx(21 * scale, abs=1e-3)
    assert bc["start_error"] == pytest.approx(np.std(np.linspace(-1, 1, 5), ddof=1) / np.sqrt(5), abs=1e-4)
    assert bc["network_spread"] == pytest.approx(np.sqrt(0.5), abs=1e-4)


def test_rows_of_estimates_have_columns_of_their_own(beside):
    table = summary.table(gather(beside, SOURCES))
    estimated = table[table.estimated_value.notna()]
    assert len(estimated) == 9 and estimated.return_mean.isna().all()
    assert table[table.return_mean.notna()].estimated_value.isna().all() and len(table) == 9 + 12


def test_without_rollouts_headline_and_page_say_that_they_are_estimates(alone):
    lines = headline(gather(alone, SOURCES), metrics_of(alone)).splitlines()
    assert lines[0] == "robot"
    assert [line.split()[0] for line in lines[1:]] == ["TD3+BC", "IQL", "BC"]
    assert all("discounted value" in line and "estimate, not rolled out" in line for line in lines[1:])
    page = text_of(alone)
    assert "The params name no environment, so nothing was rolled out" in page
    assert "TD3+BC has the highest discounted value: 51.0" in page
    assert "Returns</h3>" not in page and "mean actions" in page


def test_beside_rollouts_ranks_are_compared_and_nothing_is_mixed(beside):
    assert "discounted" not in headline(gather(beside, SOURCES), metrics_of(beside))
    correlation = summary.as_json(metrics_of(beside)["robot"])["rank_correlation"]
    assert correlation["value"] == pytest.approx(1) and correlation["points"] == 9 and correlation["agents"] == 3
    page = text_of(beside)
    assert "a rank correlation (Spearman) of 1.00" in page and "over 9 seeds of 3 agents" in page
    assert "as they act on their episode so far: Decision transformer." in page
    assert 'id="robot-estimates-' in build(gather(beside, SOURCES), ReportSettings(resamples=200))


def test_a_correction_by_hardly_any_episode_is_not_shown_as_one(tmp_path):
    def with_episodes(agent: str, count: float) -> str:
        more = {"doubly_robust": torch.tensor([7.0, 8.0]), "effective_episodes": torch.tensor([count, 20.0])}
        return estimate_file(tmp_path, agent, [0, 1], 10.0, **more)

    page = text_of([with_episodes("bc", 1.5), with_episodes("iql", 12.0)])
    assert "none: 1.5 episodes" in page and "7.5, 12.0 episodes" in page and "sampled actions" in page


def test_without_a_time_limit_there_is_no_scale_of_episodes(tmp_path):
    files = [estimate_file(tmp_path, "bc", [0, 1], 10.0, horizon=0)]
    assert "even rewards" not in text_of(files)
    assert summary.table(gather(files, SOURCES)).estimated_return.isna().all()


def test_another_file_is_no_estimate(tmp_path):
    path = tmp_path / "results/estimates/robot/bc/seeds-0-1.safetensors"
    Artifact({"labels": torch.zeros(2)}, {"seeds": [0, 1]}).save(path)
    with pytest.raises(UserError, match="no estimate"):
        gather([str(path)], SOURCES)
