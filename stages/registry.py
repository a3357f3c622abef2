"""Methods by name. A family names its methods in its `__init__.py`; a method's file is loaded when it is asked for.

Naming costs no import, so that a command loads its own method and what that needs. The names are no part of a code hash
(`stages.provenance`): a job that uses a method names the method's module.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
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
    """Names of one kind of thing, each with the thing itself and the class of its settings.

    Args:
        kind: What the things are, in words.
        package: The family's package.
        modules: Names by the module of the package that registers them; plain texts name modules that register
            themselves under their own name.
    """

    def __init__(self, kind: str, package: str, modules: Sequence[str] | Mapping[str, Sequence[str]]) -> None:
        self.kind, self.package = kind, package
        named = modules if isinstance(modules, Mapping) else {module: [module] for module in modules}
        self._modules = {name: f"{package}.{module}" for module, names in named.items() for name in names}
        self._entries: dict[str, tuple[Any, type[Settings]]] = {}

    def register(self, name: str, settings: type[Settings]) -> Callable[[Any], Any]:
        """Class or function decorator: make the decorated thing known as `name`."""

        def add(entry: Any) -> Any:
            if name in self._entries:
                raise ValueError(f"{self.kind} {name!r} is registered twice")
            self._entries[name] = (entry, settings)
            return entry

        return add

    def names(self) -> list[str]:
        """All names, sorted; nothing is loaded for it."""
        return sorted({*self._modules, *self._entries})

    def listed(self) -> list[str]:
        """The names that the family's package gives, in its order; nothing is loaded for it."""
        return list(self._modules)

    def module(self, name: str) -> str:
        """The module that registers `name`; nothing is loaded for it."""
        if name in self._modules:
            return self._modules[name]
        return str(self._find(name)[0].__module__)

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
        if name not in self._entries and name in self._modules:
            importlib.import_module(self._modules[name])
        if name not in self._entries:
            raise UserError(f"unknown {self.kind} {name!r}", remedy=did_you_mean(name, self.names()))
        return self._entries[name]
