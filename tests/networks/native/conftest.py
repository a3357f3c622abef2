import ctypes
import os

import pytest

from stages.networks.native.loading import library


@pytest.fixture(scope="session")
def native() -> ctypes.PyDLL:
    """The native library of this processor; a compiler that is there must be able to make it."""
    if os.environ.get("UNMIX_NATIVE") == "false":
        pytest.skip("switched off")
    found = library()
    assert found is not None, "the native library could not be had, see the line on stderr"
    return found
