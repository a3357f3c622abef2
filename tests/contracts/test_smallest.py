"""What a method without smallest settings is told."""

from __future__ import annotations

import pytest

from stages.settings import Settings
from tests.smallest import smallest


class Unheard(Settings):
    """Settings of a method that is new."""


@pytest.mark.parametrize("module", ["stages.clustering.em", "stages.clustering.not_there"])
def test_a_method_without_smallest_settings_is_named(module: str) -> None:
    file = f"tests/clustering/test_{module.rpartition('.')[2]}.py"
    with pytest.raises(AssertionError, match=rf"{file} has no SMALLEST = \[Unheard\(\.\.\.\)\]"):
        smallest(Unheard, module)
