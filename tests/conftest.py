"""What all tests share: one thread per process, as tests run side by side; no property test asks the clock."""

import os

import torch
from hypothesis import HealthCheck, settings

os.environ["OMP_NUM_THREADS"] = "1"
torch.set_num_threads(1)
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

if bits := os.environ.get("UNMIX_TEST_SIGNIFICANT_BITS"):
    from tests.rounding import round_datasets

    round_datasets(int(bits))
