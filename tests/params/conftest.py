"""The params that tests change."""

from __future__ import annotations

from typing import Any

import pytest

from tests.params.written import project_params


@pytest.fixture
def params() -> dict[str, Any]:
    return project_params()
