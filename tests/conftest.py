"""What all tests share: one thread per process, as tests run side by side; no property test asks the clock."""

import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, settings

from stages.networks.native.loading import library, switch_off

os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(int(os.environ.get("UNMIX_TEST_THREADS", "1")))
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

if by := os.environ.get("UNMIX_TEST_SEEDS_LATER"):
    from tests.rounding import shift_seeds

    shift_seeds(int(by))

if bits := os.environ.get("UNMIX_TEST_SIGNIFICANT_BITS"):
    from tests.rounding import round_datasets

    round_datasets(int(bits))


@pytest.fixture(params=["native", "torch"])
def arithmetic(request: pytest.FixtureRequest) -> Iterator[str]:
    """The test runs twice: networks computed by the native layer, and by torch."""
    if request.param == "native" and library() is None:
        pytest.skip("no native library; `test_loading` says whether there should be one")
    switch_off(request.param == "torch")
    yield request.param
    switch_off(False)
