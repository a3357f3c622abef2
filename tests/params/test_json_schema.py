"""The JSON schema accepts what the params accept, and refuses misspelt keys and values out of range as they do."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from stages.params.json_schema import json_schema
from stages.params.schema import overlaid
from tests.params.written import ROOT, nested

KEPT = ROOT / "docs/params.schema.json"
FILES = [ROOT / "params.yaml", *sorted((ROOT / "profiles").glob("*.yaml"))]


@cache
def validator() -> Draft202012Validator:
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_kept_file_is_current() -> None:
    current = json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"
    assert KEPT.read_text() == current, f"run: python -m stages.params --schema > {KEPT.relative_to(ROOT)}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_params_and_overlays_are_valid_and_name_the_schema(path) -> None:
    assert list(validator().iter_errors(yaml.safe_load(path.read_text()))) == []
    (named,) = re.findall(r"^# yaml-language-server: \$schema=(.*)$", path.read_text(), re.MULTILINE)
    assert (path.parent / named).resolve() == KEPT


@pytest.mark.parametrize(
    ("keys", "value"),
    [
        ("seds", {}),
        ("seeds.cout", 3),
        ("seeds.count", 0),
        ("device", "gpu"),
        ("native", True),
        ("datasets.navigation.setings", {}),
        ("datasets.navigation.generate.nois", 0.2),
        ("datasets.navigation.generate.noise", -1),
        ("datasets.navigation.generate.environment.siz", 3),
        ("datasets.navigation.generate.method", "navigtion"),
        ("datasets.mine.import.label_by_fil", True),
        ("datasets.hopper-medium-expert-10k.mix.sede", 1),
        ("datasets.navigation.settings.evaluat", {}),
        ("presets.didactic.train_critics.q_stepss", 2),
        ("presets.velocity.train_safe.trac.cloning_wight", 0.1),
        ("cluster_trajectories.em.method", "emm"),
        ("cluster_trajectories.em.num_cluster", 2),
        ("cluster_trajectories.em_single.lik", "em"),
        ("train_safe.caps.score_scale", 0.1),
        ("train_safe.trac.clustrs", "many"),
        ("train_offline.bc.partition", "long"),
        ("agents.empo.improvment", "ppo"),
        ("ablation.vary.momentun", [0.1]),
        ("safe_studies.shares.vary_partition.stridee", [3]),
        ("summarise.resample", 1000),
    ],
)
def test_a_mistake_is_not_valid(keys: str, value: Any) -> None:
    params = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert not validator().is_valid(overlaid(params, nested(keys, value)))


def test_what_may_stand_beside_settings_is_valid() -> None:
    params = {
        "train_safe": {"new": {"like": "trac", "partition": "long", "score_scale": 0.1}},
        "presets": {"velocity": {"train_safe": {"trac": {"partition": "long"}, "cpq": {"num_steps": 10}}}},
        "datasets": {"mine": {"import": {"files": ["a.hdf5"], "environment": "Hopper-v4"}}},
    }
    assert list(validator().iter_errors(params)) == []
