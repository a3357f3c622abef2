"""What jobs get out of the params: settings as text, code, what the report is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.params.written import recipes


def test_how_a_policy_acts_counts_for_its_evaluation_alone(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    codes = {
        name: found.job("evaluate_safe", "safe_navigation", name).code for name in ("trac", "trac_gaussian", "caps")
    }
    assert codes["trac"] == codes["trac_gaussian"] != codes["caps"]


def test_equal_settings_give_equal_text(tmp_path: Path, params: dict[str, Any]) -> None:
    """Defaults spelt out, the order of keys and the spelling of numbers make no difference; a value does."""
    before = recipes(tmp_path, params).job("train_critics", "navigation")
    settings = params["datasets"]["navigation"].setdefault("settings", {})
    size = before.settings["batch_size"]
    settings["train_critics"] = dict(reversed(before.settings.items())) | {"batch_size": float(size)}
    assert recipes(tmp_path, params).job("train_critics", "navigation").json == before.json
    settings["train_critics"] |= {"batch_size": size + 1}
    assert recipes(tmp_path, params).job("train_critics", "navigation").json != before.json


def test_code_of_a_job_includes_its_method_and_no_other(tmp_path: Path, params: dict[str, Any]) -> None:
    found = recipes(tmp_path, params)
    bc, td3_bc = (found.job("train_offline", "navigation", name) for name in ("bc", "td3_bc"))
    assert bc.modules != td3_bc.modules
    assert bc.code != td3_bc.code
    assert found.job("evaluate", "navigation").modules == ("stages.environments.navigation",)


def test_the_report_is_told_the_params_but_not_what_computes(tmp_path: Path, params: dict[str, Any]) -> None:
    printed = recipes(tmp_path, params).job("report").settings["params"]
    assert printed["seeds"] == params["seeds"]
    assert not {"device", "native"} & printed.keys()
