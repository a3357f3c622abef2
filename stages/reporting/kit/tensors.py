"""Trained things read without the library that trained them: named arrays and what is known about them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors import safe_open

from stages.made_files import json_object, reading


class TensorFile:
    """A safetensors file.

    Args:
        path: The file.
        only: Arrays whose names start so are read, no others.
        needed: Arrays that have to be there.

    Attributes:
        arrays: The arrays by name.
        metadata: What is known about them.

    Raises:
        UserError: The file is missing, damaged, or without a needed array.
    """

    def __init__(self, path: Path, only: str | tuple[str, ...] = "", needed: tuple[str, ...] = ()) -> None:
        self.path = path
        with reading(path), safe_open(path, "np") as file:
            self.metadata: dict[str, Any] = json_object((file.metadata() or {}).get("metadata", "{}"))
            self.arrays = {name: file.get_tensor(name) for name in file.keys() if name.startswith(only)}
            if missing := [name for name in needed if name not in self.arrays]:
                raise ValueError(f"holds no {missing[0]}")
