"""Trained things read without the library that trained them: named arrays and what is known about them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open

from stages.errors import UserError


class TensorFile:
    """A safetensors file.

    Args:
        path: The file.
        only: Arrays whose names start so are read, no others.

    Attributes:
        arrays: The arrays by name.
        metadata: What is known about them.

    Raises:
        UserError: The file is missing or damaged.
    """

    def __init__(self, path: Path, only: str | tuple[str, ...] = "") -> None:
        self.path = path
        try:
            with safe_open(path, "np") as file:
                self.metadata: dict[str, Any] = json.loads((file.metadata() or {}).get("metadata", "{}"))
                self.arrays = {name: file.get_tensor(name) for name in file.keys() if name.startswith(only)}
        except (FileNotFoundError, SafetensorError, ValueError) as error:
            remedy = "Run `snakemake` to make it"
            raise UserError(f"cannot be read ({error})", place=str(path), remedy=remedy) from error
