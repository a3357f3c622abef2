"""How stages read the datasets that they work on: native files only."""

from stages.formats.native import read_native as load

__all__ = ["load"]
