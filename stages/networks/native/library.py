"""The native library of this process: built, loaded and checked at first use, or why torch computes instead."""

from __future__ import annotations

import ctypes
import sys
from functools import cache

from stages.networks.native.build import BuildFailed, built_library
from stages.networks.native.check import largest_error

INTEGER, POINTER = ctypes.c_int64, ctypes.c_void_p
# Result and argument types of the functions in native.cpp.
SIGNATURES = {
    "lanes": (INTEGER, []),
    "scratch_size": (INTEGER, [POINTER]),
    "kept_size": (INTEGER, [POINTER, INTEGER]),
    "kept_at": (INTEGER, [POINTER, INTEGER, INTEGER]),
    "kept_row_stride": (INTEGER, [INTEGER]),
    "perceptrons_forward": (None, [POINTER] + 4 * [INTEGER] + 2 * [POINTER] + 3 * [INTEGER] + 2 * [POINTER]),
    "perceptrons_backward": (None, [POINTER] + 4 * [INTEGER] + 2 * [POINTER] + 3 * [INTEGER] + 6 * [POINTER]),
    "adam_step": (None, 9 * [POINTER]),
    "gather_rows": (INTEGER, [POINTER, INTEGER, INTEGER, POINTER, INTEGER, POINTER]),
}
TOLERANCE = 1e-5
_switched_off = False


def library() -> ctypes.PyDLL | None:
    """The library, or None where torch computes; one line says so when it was wanted and could not be had."""
    return None if _switched_off else _loaded()[0]


def switch_off(off: bool = True) -> None:
    """Let torch compute everything from now on, or no longer."""
    global _switched_off
    _switched_off = off


def describe() -> str:
    """Which of both computes, for records: ``native (vectors of 16 floats)`` or ``torch (switched off)``."""
    if _switched_off:
        return "torch (switched off)"
    found, reason = _loaded()
    return f"torch ({reason})" if found is None else f"native (vectors of {found.lanes()} floats)"


@cache
def _loaded() -> tuple[ctypes.PyDLL | None, str]:
    try:
        return _load(), ""
    except BuildFailed as failure:
        print(f"native layer not used, torch computes more slowly: {failure}", file=sys.stderr)
        return None, str(failure)


def _load() -> ctypes.PyDLL:
    path = built_library()
    try:
        # PyDLL: a call keeps Python's lock, so that two threads never share the networks' scratch memory.
        found = ctypes.PyDLL(str(path))
        for name, (result, arguments) in SIGNATURES.items():
            function = getattr(found, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise BuildFailed(f"{path} cannot be loaded ({error})") from None
    difference = largest_error(found)
    if not difference < TOLERANCE:
        raise BuildFailed(f"{path} is off by {difference:.0e} from autograd's gradients")
    return found
