"""Files that stages exchange: written under a temporary name and moved into place, so none is ever half there.

Trained things are safetensors: named tensors plus JSON metadata (settings, seeds, network shapes, versions).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from stages.errors import UserError
from stages.made_files import json_object, reading
from stages.replacing import replacing as replacing


def save_tensors(path: Path | str, tensors: dict[str, Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write tensors (any device, any stride) and text metadata as safetensors."""
    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with replacing(path) as temporary:
        save_file(plain, temporary, metadata)


def save_arrays(path: Path | str, arrays: dict[str, np.ndarray]) -> None:
    """Write arrays as one compressed npz; equal arrays give equal bytes."""
    with replacing(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, **arrays)


@dataclass
class Artifact:
    """A trained thing on disk: tensors by name, and what is known about them.

    Attributes:
        place: The file that it was read from, for messages; no part of the contents.
    """

    tensors: dict[str, Tensor]
    metadata: dict[str, Any] = field(default_factory=dict)
    place: str = ""

    def save(self, path: Path | str) -> None:
        """Write to `path`; equal contents give equal bytes."""
        # One text entry: safetensors writes several in an order that changes from call to call.
        text = {"metadata": json.dumps(self.metadata, sort_keys=True)}
        save_tensors(path, self.tensors, text)

    @classmethod
    def load(cls, path: Path | str, kind: str | None = None) -> Artifact:
        """Read what `save` wrote.

        Args:
            path: The file.
            kind: What its metadata should call it, such as ``critics``; None takes any.

        Raises:
            UserError: The file is missing, damaged, or of another kind.
        """
        with reading(path), safe_open(path, "pt") as file:
            metadata = json_object((file.metadata() or {}).get("metadata", "{}"))
            found = cls({key: file.get_tensor(key) for key in file.keys()}, metadata, str(path))
        if kind not in (None, said := metadata.get("kind")):
            remedy = "Give the file of the stage that makes them"
            raise UserError(f"holds {said or 'something else'}, not {kind}", place=str(path), remedy=remedy)
        return found

    def part(self, name: str) -> dict[str, Tensor]:
        """The tensors whose names start with ``<name>/``, without that prefix."""
        return {key.removeprefix(f"{name}/"): t for key, t in self.tensors.items() if key.startswith(f"{name}/")}


def prefixed(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Tensors under ``<name>/...``, the inverse of `Artifact.part`."""
    return {f"{name}/{key}": tensor for key, tensor in tensors.items()}


@contextmanager
def taking_up(*artifacts: Artifact) -> Iterator[None]:
    """Make of artifacts what they describe in the block, such as an agent, and nothing else.

    Raises:
        UserError: They lack something or hold it in another shape, as files of another version do.
    """
    places = ", ".join(artifact.place for artifact in artifacts if artifact.place)
    with reading(places or "--policy", "was made by another version, or is damaged"):
        yield
