"""How stages read the datasets that they work on: native files only."""

from stages.datasets.native_format import read_native as load

__all__ = ["load"]
