"""Methods by name. A new method is one file that registers itself; everything else reads the registries.

Each registry imports the modules of its package on first use, so that placing a file in the folder is enough.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from stages.errors import UserError, did_you_mean
from stages.settings import Settings


@dataclass(frozen=True)
class Choice:
    """A registered thing picked by name, with its settings."""

    method: str
    entry: Any
    settings: Any

    @property
    def values(self) -> dict[str, Any]:
        """The choice as plain values, as it is written in params."""
        return {"method": self.method, **self.settings.model_dump(mode="json")}


class Registry:
    """Names of one kind of thing, each with the thing itself and the class of its settings."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind = kind
        self.package = package
        self._entries: dict[str, tuple[Any, type[Settings]]] = {}
        self._loaded = False

    def register(self, name: str, settings: type[Settings]) -> Callable[[Any], Any]:
        """Class or function decorator: make the decorated thing known as `name`."""

        def add(entry: Any) -> Any:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = (entry, settings)
            return entry

        return add

    def names(self) -> list[str]:
        """All registered names, sorted."""
        self._load()
        return sorted(self._entries)

    def entry(self, name: str) -> Any:
        """What was registered as `name`."""
        return self._find(name)[0]

    def settings(self, name: str) -> type[Settings]:
        """The settings class registered with `name`."""
        return self._find(name)[1]

    def choose(self, values: Mapping[str, Any]) -> Choice:
        """The thing called ``values["method"]`` with the other values as its settings.

        Raises:
            UserError: There is no such thing.
            pydantic.ValidationError: The settings are wrong.
        """
        rest = {key: value for key, value in values.items() if key != "method"}
        name = values.get("method", "")
        return Choice(name, self.entry(name), self.settings(name).model_validate(rest))

    def _find(self, name: str) -> tuple[Any, type[Settings]]:
        self._load()
        if name not in self._entries:
            raise UserError(f"unknown {self.kind} {name!r}", remedy=did_you_mean(name, self._entries))
        return self._entries[name]

    def _load(self) -> None:
        if not self._loaded:
            self._loaded = True
            package = importlib.import_module(self.package)
            for module in pkgutil.iter_modules(package.__path__):
                importlib.import_module(f"{self.package}.{module.name}")


ENVIRONMENTS = Registry("environment", "stages.environments")
GENERATORS = Registry("dataset generator", "stages.generators")
FORMATS = Registry("dataset format", "stages.formats")
CLUSTERING = Registry("clustering method", "stages.clustering")
ALGORITHMS = Registry("offline algorithm", "stages.algorithms")
SAFETY = Registry("safe offline algorithm", "stages.safety")
IMPROVEMENT = Registry("improvement method", "stages.improvement")
LEARNERS = Registry("online learner", "stages.online")
