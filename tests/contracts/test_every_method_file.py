"""What the file of every registered method says: where it comes from, what it minimises, what each setting is."""

from __future__ import annotations

import importlib
import inspect

import pytest

from stages.algorithms import ALGORITHMS
from stages.clustering import CLUSTERING
from stages.embeddings.imitation import IMITATORS
from stages.empo import IMPROVEMENT
from stages.registry import Registry

# Methods whose names differ from their modules', because that is what everybody calls them.
ABBREVIATED = {"bc": "behaviour_cloning"}


def registered() -> list[tuple[Registry, str]]:
    registries = CLUSTERING, ALGORITHMS, IMPROVEMENT, IMITATORS
    return [(registry, name) for registry in registries for name in registry.names()]


@pytest.mark.parametrize(
    ("registry", "name"), registered(), ids=lambda value: value if isinstance(value, str) else value.kind
)
def test_settings_describe_every_field(registry, name):
    fields = registry.settings(name).model_fields
    assert fields
    for field, info in fields.items():
        assert info.description, f"{name}.{field}"
        assert len(info.description) > 5, f"{name}.{field}"
        assert not info.is_required(), f"{name}.{field} has no default"


@pytest.mark.parametrize(
    ("registry", "name"), registered(), ids=lambda value: value if isinstance(value, str) else value.kind
)
def test_a_method_is_one_file_of_its_name_that_says_where_it_comes_from(registry, name):
    module = importlib.import_module(registry.entry(name).__module__)
    assert module.__name__ == f"{registry.package}.{ABBREVIATED.get(name, name)}"
    assert module.__doc__
    assert "Source:" in module.__doc__
    assert "Objective" in module.__doc__ or "Posterior" in module.__doc__
    assert inspect.getdoc(registry.entry(name))


@pytest.mark.parametrize("module", ["critics", "high_level"])
def test_learners_outside_the_registries_say_where_they_come_from(module):
    text = importlib.import_module(f"stages.empo.{module}").__doc__
    assert text
    assert "Source:" in text
    assert "Objectives:" in text
