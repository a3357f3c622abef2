"""The native library of this process: built, loaded and checked at first use, or why torch computes instead.

With `UNMIX_NATIVE=false` in the environment it is not looked for.
"""

from __future__ import annotations

import ctypes
import os
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
    "perceptrons_forward": (None, [POINTER] + 4 * [INTEGER] + 2 * [POINTER] + 3 * [INTEGER] + 2 * [POINTER]),
    "perceptrons_backward": (None, [POINTER] + 4 * [INTEGER] + 2 * [POINTER] + 3 * [INTEGER] + 5 * [POINTER]),
    "perceptrons_regress": (None, [POINTER] + 2 * [INTEGER] + 2 * [POINTER] + 3 * [INTEGER] + 5 * [POINTER]),
    "adam_step": (None, 8 * [POINTER]),
    "gather_rows": (INTEGER, [POINTER, INTEGER, INTEGER, POINTER, INTEGER, POINTER]),
}
TOLERANCE = 1e-5
_switched_off = False


def library() -> ctypes.PyDLL | None:
    """The library, or None where torch computes; one line on stderr says which and why, at first use."""
    return None if _switched_off else _loaded()


def switch_off(off: bool = True) -> None:
    """Let torch compute everything from now on, or no longer."""
    global _switched_off
    _switched_off = off


def describe() -> str:
    """Which of both computes, for records: ``native (vectors of 16 floats)`` or ``torch``."""
    found = library()
    return "torch" if found is None else f"native (vectors of {found.lanes()} floats)"


@cache
def _loaded() -> ctypes.PyDLL | None:
    found, reason = None, "switched off"
    if os.environ.get("UNMIX_NATIVE") != "false":
        try:
            found, reason = _load(), "checked against autograd"
        except BuildFailed as failure:
            reason = str(failure)
    print(f"networks: {'torch' if found is None else 'native'} ({reason})", file=sys.stderr)
    return found


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
